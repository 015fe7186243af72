"""What every test here needs."""

import pytest


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """SAM's transform asks for a region; `python -m proofs.lint` sets one too."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
