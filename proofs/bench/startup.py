"""How soon each function has started, and its size."""

from __future__ import annotations

import statistics
import tempfile
import zlib
from pathlib import Path
from typing import Any

from proofs.bench import function
from proofs.bench.build import FUNCTIONS, Binaries

#: Environment variables of a function that the others do not need.
SETTINGS = {"TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:topic"}


def measure(binaries: Binaries, times: int) -> list[dict[str, Any]]:
    """Returns a row for each function."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name in FUNCTIONS:
            binary = binaries.function(name)
            # One start before the measurement puts the file into memory, where a function's package is too.
            runs = [_run(binary, Path(place)) for _ in range(times + 1)][1:]
            content = binary.read_bytes()
            rows.append({
                "function": name,
                "first_poll_ms": _spread([run.polled for run in runs]),
                "invocation_ms": _spread([run.invocation for run in runs]),
                "cpu_ms": _spread([run.cpu_ms for run in runs]),
                "peak_mb": _spread([run.peak_kb / 1024 for run in runs]),
                "binary_mb": len(content) / 1e6,
                "zip_mb": deflated(content) / 1e6,
                "answer": runs[0].error,
            })
    return rows


def _run(binary: Path, place: Path) -> function.Run:
    """Measures one start and one invocation, which the function refuses at once because it is empty."""
    return function.run(binary, {}, {}, place, place / "log", 10, **SETTINGS)


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def deflated(content: bytes) -> int:
    """Returns the size that `zip -9` packs the content to. The archive's own headers add some hundred bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return len(packer.compress(content) + packer.flush())
