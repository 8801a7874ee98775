"""Inference on the released architecture: this engine against a naive reference, in one run.

    python benchmarks/inference.py            # about 10 minutes on 2 cores

The reference (released_reference.py) computes as the released code does: every case padded to 4 scans x 32 slices,
float32, contiguous. It must reproduce the published code's logits (golden.npz), and so must this engine, or
the benchmark fails. Every measurement has a process of its own; reference and engine take turns, so that a
neighbour's load falls on both. Loading is not timed; nothing is compiled.

Writes benchmarks/results/inference.json (and inference_cuda.json where there is a GPU).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import released_cases
import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file
from torch.utils.flop_counter import FlopCounterMode

from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack

TOLERANCE = 2e-5
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One implementation on one case.

    Attributes:
        case: What it holds.
        implementation: "reference" or "engine".
        precision: Of the convolutions.
        seconds: Median over rounds.
        times_faster: Median over rounds of the ratio to the reference in the same round; 1 for the reference.
        cpu_seconds: Of all threads, median over rounds: what it costs where neighbours share the cores.
        cpu_times_less: Ratio of the reference's to it, like `times_faster`.
        peak_memory_mb: Largest over rounds: of the process (CPU) or of the GPU's allocations.
        tera_flops: Useful operations a second, of the slices that are there.
        share_of_matrix_rate: Of a large matrix product in the same precision on the same device.
        golden_difference: Largest absolute difference of a logit to the published code's; None if it was not run.
        reference_difference: Likewise to the reference's.
    """

    case: str
    implementation: str
    precision: str
    seconds: float
    times_faster: float
    cpu_seconds: float
    cpu_times_less: float
    peak_memory_mb: float
    tera_flops: float
    share_of_matrix_rate: float
    golden_difference: float | None
    reference_difference: float


def main() -> int:
    """Run the benchmark on the CPU and, where there is one, on the GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of reference and engine (default: 2)")
    parser.add_argument("--cases", nargs="+", choices=released_cases.CASES, default=list(released_cases.CASES))
    parser.add_argument("--output", type=Path, default=HERE / "results")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        weights = Path(scratch) / "weights.safetensors"
        save_file(released_cases.weights(), weights)
        for device in ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]:
            rates = {precision: matrix_rate(device, precision, arguments.threads) for precision in precisions(device)}
            rows = [
                row
                for case in arguments.cases
                for row in compare(case, device, rates, weights, arguments.threads, arguments.rounds)
            ]
            report(rows, rates, device, arguments)
    return 0


def compare(case: str, device: str, rates: dict[str, float], weights: Path, threads: int, rounds: int) -> list[Row]:
    """Reference and engine by turns on one case; asserts that both are right."""
    variants = [("reference", "float32"), *(("ours", precision) for precision in rates)]
    measured: dict[tuple[str, str], list[dict[str, float]]] = {variant: [] for variant in variants}
    logits_K = {}
    for _ in range(rounds):
        for variant in variants:
            result, logits_K[variant] = run_worker(*variant, case, device, weights, threads)
            measured[variant].append(result)
    golden_K, flops = released_cases.golden_logits(case), useful_flops(case)
    rows = []
    for variant in variants:
        implementation, precision = variant
        median, times_faster = against(measured[variants[0]], measured[variant], "seconds")
        cpu_median, cpu_times_less = against(measured[variants[0]], measured[variant], "cpu_seconds")
        difference = largest(logits_K[variant], logits_K[variants[0]])
        golden_difference = None if golden_K is None else largest(logits_K[variant], golden_K)
        if precision == "float32" and device == "cpu":
            worst = max(difference, golden_difference or 0.0)
            assert worst <= TOLERANCE, f"{implementation} on {case} is off by {worst:.1e}"
        rows.append(
            Row(
                released_cases.CASES[case],
                "reference" if implementation == "reference" else "engine",
                precision,
                median,
                times_faster,
                cpu_median,
                cpu_times_less,
                max(result["peak_memory_mb"] for result in measured[variant]),
                flops / median / 1e12,
                flops / median / rates[precision],
                golden_difference,
                difference,
            )
        )
    return rows


def against(reference: list[dict[str, float]], own: list[dict[str, float]], figure: str) -> tuple[float, float]:
    """Median of a figure over rounds, and the median ratio of the reference's to it in the same round."""
    ratios = [one[figure] / other[figure] for one, other in zip(reference, own, strict=True)]
    return statistics.median(result[figure] for result in own), statistics.median(ratios)


def run_worker(
    implementation: str, precision: str, case: str, device: str, weights: Path, threads: int
) -> tuple[dict[str, float], np.ndarray]:
    """One measurement in a fresh process: its figures and its logits."""
    repeats = 1 if (implementation, device) == ("reference", "cpu") else 5
    with tempfile.TemporaryDirectory() as folder:
        logits = Path(folder) / "logits.npy"
        command = [
            sys.executable,
            str(HERE / "inference_worker.py"),
            implementation,
            "--case",
            case,
            "--device",
            device,
        ]
        command += ["--precision", precision, "--weights", str(weights), "--logits", str(logits)]
        command += ["--threads", str(threads), "--repeats", str(repeats)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        return json.loads(done.stdout.splitlines()[-1]), np.load(logits)


def precisions(device: str) -> list[str]:
    """bfloat16 on a GPU, and on a CPU that computes in it."""
    native = device == "cuda" or torch.cpu._is_avx512_bf16_supported()
    return ["float32", "bfloat16"] if native else ["float32"]


def matrix_rate(device: str, precision: str, threads: int) -> float:
    """Floating-point operations a second of a large matrix product, the best of several."""
    torch.set_num_threads(threads)
    edge = 8192 if device == "cuda" else 2048
    a, b = (torch.randn(edge, edge, device=device, dtype=getattr(torch, precision)) for _ in range(2))
    best_seconds = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        best_seconds = min(best_seconds, time.perf_counter() - start)
    return 2 * edge**3 / best_seconds


def useful_flops(case: str) -> float:
    """Operations of a case without padding, and with equal slices once; counted without computing."""
    with torch.device("meta"):
        network = RadDiag(released_cases.RELEASED).eval()
    scans = [NetworkScan(voxels, is_volume, id_) for id_, is_volume, voxels in released_cases.scans(case)]
    batch = pack([scans], released_cases.RELEASED).to("meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(batch)
    return float(counter.get_total_flops())


def largest(a: np.ndarray, b: np.ndarray) -> float:
    """Largest absolute difference."""
    return float(np.abs(a - b).max())


def report(rows: list[Row], rates: dict[str, float], device: str, arguments: argparse.Namespace) -> None:
    """Print the table and write the JSON file."""
    machine = describe_machine(device, arguments.threads)
    columns = ("case", "", "seconds", "times faster", "in CPU time", "peak MB", "TFLOP/s", "of matrix rate", "off by")
    table = Table(*columns)
    for row in rows:
        table.add_row(
            row.case,
            f"{row.implementation}, {row.precision}",
            f"{row.seconds:.3f}",
            f"{row.times_faster:.1f}",
            f"{row.cpu_times_less:.1f}",
            f"{row.peak_memory_mb:.0f}",
            f"{row.tera_flops:.2f}",
            f"{row.share_of_matrix_rate:.0%}",
            f"{max(row.reference_difference, row.golden_difference or 0.0):.1e}",
        )
    console = Console(width=120)
    console.print(machine)
    console.print(table)
    name = "inference.json" if device == "cpu" else f"inference_{device}.json"
    content = {
        "command": f"python benchmarks/inference.py --threads {arguments.threads} --rounds {arguments.rounds}",
        "machine": machine,
        "matrix_rate_flops": rates,
        "rows": [asdict(row) for row in rows],
    }
    (arguments.output / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def describe_machine(device: str, threads: int) -> dict[str, object]:
    """What it ran on, and how busy that was."""
    cpu = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        cpu = next(line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line)
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else cpu,
        "threads": threads,
        "cores": os.cpu_count(),
        "bfloat16": "bfloat16" in precisions(device),
        "torch": torch.__version__,
        "system": platform.platform(),
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
    }


if __name__ == "__main__":
    sys.exit(main())
