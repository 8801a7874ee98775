"""The demo model as a user waits for it: one image, the sample case, and `raddiag --help`.

    python benchmarks/demo_model.py

The reference of a diagnosis is the same network with its batch norms not folded, in the same process by turns; that of
`raddiag --help` is an interpreter that does nothing. Loading the model is not counted; reading the files is.

Writes benchmarks/results/demo_model.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from raddiag_engine import Engine
from raddiag_engine.diagnosis.device import place
from raddiag_engine.models.folder import load_model
from raddiag_engine.models.registry import find_model
from raddiag_engine.reading import read_case
from raddiag_resources import path_of

HERE = Path(__file__).parent


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, engine and reference by turns (default: 7)")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "demo_model.json")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 512)).astype(np.uint8)).save(image)
        rows = [
            compare("one 2D image of 512 x 512 px", diagnosis_of(image), reference_of(image), arguments.rounds),
            compare(
                "the sample case",
                diagnosis_of(path_of("sample_case")),
                reference_of(path_of("sample_case")),
                arguments.rounds,
            ),
        ]
    command = shutil.which("raddiag") or sys.exit("raddiag is not on the PATH; activate the environment")
    rows.append(
        compare(
            "raddiag --help",
            lambda: subprocess.run([command, "--help"], check=True, capture_output=True),
            lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
            arguments.rounds,
        )
    )
    report(rows, arguments)
    return 0


def diagnosis_of(path: Path) -> Callable[[], object]:
    """Read, prepare, encode and fuse; the model is loaded before, and nothing is remembered between two calls."""
    model = load_model(find_model("demo"))
    return lambda: _diagnose(Engine(model, place("cpu")), path)


def reference_of(path: Path) -> Callable[[], object]:
    """The same with the network as it was trained, batch norms and all."""
    model = load_model(find_model("demo"))

    def run() -> object:
        engine = Engine(model, place("cpu"))
        engine._encoder.network = engine._network = engine._twin
        return _diagnose(engine, path)

    return run


def _diagnose(engine: Engine, path: Path) -> object:
    engine.set_case(read_case([path]))
    return engine.diagnose()


def compare(what: str, ours: Callable[[], object], reference: Callable[[], object], rounds: int) -> dict[str, object]:
    """Median seconds of both, by turns, and the median of the ratios of a round."""
    pairs = []
    for number in range(rounds + 1):
        pair = (_seconds(ours), _seconds(reference))
        if number:  # the first round warms up
            pairs.append(pair)
    return {
        "what": what,
        "seconds": statistics.median(own for own, _ in pairs),
        "slowest_seconds": max(own for own, _ in pairs),
        "reference_seconds": statistics.median(other for _, other in pairs),
        "reference_over_ours": statistics.median(other / own for own, other in pairs),
    }


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def report(rows: list[dict[str, object]], arguments: argparse.Namespace) -> None:
    """Print the rows and write the JSON file."""
    for row in rows:
        print(
            f"{row['what']}: {row['seconds']:.3f} s (slowest {row['slowest_seconds']:.3f}), "
            f"reference {row['reference_seconds']:.3f} s, ratio {row['reference_over_ours']:.2f}"
        )
    content = {
        "command": f"python benchmarks/demo_model.py --threads {arguments.threads} --rounds {arguments.rounds}",
        "machine": {
            "cores": os.cpu_count(),
            "threads": arguments.threads,
            "torch": torch.__version__,
            "system": platform.platform(),
            "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
        },
        "rows": rows,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
