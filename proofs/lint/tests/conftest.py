"""Fixtures of all tests here."""

import pytest


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets a Region, which SAM's transform needs. `python -m proofs.lint` sets one too."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
