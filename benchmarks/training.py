"""Speed of the trainer against a straightforward reference that learns as well, in one run.

    python benchmarks/training.py [--cases 32] [--passes 12] [--threads 2]        # some minutes on 2 cores

Both learn the same few phantoms, made in a temporary folder, from the same initial weights, in steps of the same cases
with the same learning rates. The trainer is what `raddiag train` runs: prepared scans, batches packed by
dimensionality, batched augmentation, bfloat16 where the chip computes it, channels last. The reference
(training_reference.py) takes one case at a time in float32, reads and augments each scan with MONAI whenever it comes,
and pads images to volumes and cases to the largest. The trainer's losses must fall as far, or the benchmark fails.
What the trainer spends once on preparing the scans is given apart. Processor seconds are those of this process: what it
costs where neighbours share the cores.

Writes benchmarks/results/training.json, and training_cuda.json where there is a GPU.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from training_reference import Learned, ReferenceCases, learn

from raddiag_train.data.records import read_records, write_records
from raddiag_train.phantoms.writing import write_phantoms
from raddiag_train.training.config import TrainingConfig, read_config
from raddiag_train.training.initialisation import build_network
from raddiag_train.training.loop import train_steps
from raddiag_train.training.precision import has_native_bf16
from raddiag_train.training.training_data import TrainingData, load_training_data
from raddiag_train.training.training_run import start_run

RESULTS = Path(__file__).parent / "results"
TOLERANCE = 1.1  # of the last losses, ours to the reference's: chance in the augmentation
RECIPE = """
[data]
cases = ["cases.jsonl"]
preparation_workers = 1
workers = {workers}

[preparation]
image_size_px = {size_px}
volume_size_px = {size_px}
depth = {depth}

[network]
embedding_width = 256
[network.resnet]
normalisation_depth = 10
shared_depth = 10
normalisation_width = 8
shared_width = 32
[network.fusion]
layers = 2
heads = 4

[optimisation]
steps = {steps}
batch_cases = {batch}
learning_rate = {learning_rate}
ema_decay = 0.0

[run]
log_steps = 1
validation_steps = 1000000
checkpoint_steps = 1000000
"""


@dataclass(frozen=True)
class Row:
    """One implementation.

    Attributes:
        implementation: "reference" or "trainer".
        precision: Of the convolutions.
        cases_per_second: On the clock.
        cases_per_cpu_second: By the processor time of the process.
        waiting_share: Of the time, before a batch was there.
        first_loss: Mean over the first pass.
        last_loss: Mean over the last three passes.
        prepare_seconds: Spent once, before.
    """

    implementation: str
    precision: str
    cases_per_second: float
    cases_per_cpu_second: float
    waiting_share: float
    first_loss: float
    last_loss: float
    prepare_seconds: float


def main() -> int:
    """Measure, write and print; 1 if the trainer learns less than the reference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=32, help="phantoms to learn from (default: 32)")
    parser.add_argument("--passes", type=int, default=12, help="over the cases (default: 12)")
    parser.add_argument("--batch", type=int, default=8, help="cases of a step (default: 8)")
    parser.add_argument("--size", type=int, default=0, help="of a slice in px (default: 128, on a GPU 256)")
    parser.add_argument("--depth", type=int, default=0, help="slices of a volume (default: 24, on a GPU 32)")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    parser.add_argument("--workers", type=int, default=-1, help="that read ahead, for both (default: 0, on a GPU 4)")
    args = parser.parse_args()
    on_gpu = torch.cuda.is_available()
    args.size, args.depth = args.size or (256 if on_gpu else 128), args.depth or (32 if on_gpu else 24)
    args.workers = args.workers if args.workers >= 0 else (4 if on_gpu else 0)
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        rows, scans = compare(Path(folder), args)
    report(rows, scans, args)
    return 0 if rows[1].last_loss <= TOLERANCE * rows[0].last_loss else 1


def compare(folder: Path, args: argparse.Namespace) -> tuple[list[Row], int]:
    """Both implementations, and the scans there are."""
    write_cases(folder, args.cases)
    steps = args.cases // args.batch * args.passes
    recipe = RECIPE.format(
        size_px=args.size,
        depth=args.depth,
        steps=steps,
        batch=args.batch,
        learning_rate=args.learning_rate,
        workers=args.workers,
    )
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    config = read_config(folder / "recipe.toml")
    start = time.perf_counter()
    data = load_training_data(config.data, config.preparation)
    prepare_seconds = time.perf_counter() - start
    ours, batches = of_trainer(config, folder / "run", data)
    theirs = of_reference(config, data, batches)
    native = has_native_bf16(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    rows = [
        row("reference", "float32", theirs, args, 0.0),
        row("trainer", "bfloat16" if native else "float32", ours, args, prepare_seconds),
    ]
    return rows, sum(len(record.scans) for record in data.train.records)


def write_cases(folder: Path, cases: int) -> None:
    """Phantoms to learn from, and the same once more as the validation cases that a run must have."""
    path = write_phantoms(folder, cases=cases, seed=5, splits=(1.0, 0.0, 0.0))
    learned = [replace(record, split="train") for record in read_records(path)]
    judged = [replace(r, split="validation", case_id=f"{r.case_id}-v", patient_id="") for r in learned]
    write_records(path, [*learned, *judged])


def of_trainer(config: TrainingConfig, folder: Path, data: TrainingData) -> tuple[Learned, list[list[int]]]:
    """The steps of `raddiag train`, and the cases of each."""
    run = start_run(config, folder, data, resume=False)
    epochs = itertools.chain.from_iterable(run.sampler.batches(epoch) for epoch in itertools.count())
    batches = list(itertools.islice(epochs, run.steps))
    folder.mkdir()
    cpu_start, start = time.process_time(), time.perf_counter()
    assert train_steps(run)
    after_steps = time.perf_counter() - start
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [line for line in lines if line["kind"] == "training"]
    # Validation and checkpoint come after the last step and are no part of it.
    seconds = steps[-1]["seconds"]
    cpu_seconds = (time.process_time() - cpu_start) * seconds / after_steps
    waiting = sum(line["waiting_seconds"] for line in steps)
    return Learned(tuple(line["loss"] for line in steps), seconds, cpu_seconds, waiting), batches


def of_reference(config: TrainingConfig, data: TrainingData, batches: list[list[int]]) -> Learned:
    """The same steps by the reference, from the same weights."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.run.seed)
    network = build_network(config.network, len(data.labels), device).to(memory_format=torch.contiguous_format)
    cases = ReferenceCases(data.train.records, config.preparation)
    return learn(
        network, cases, data.labels.matrix(data.train.records), config.optimisation, batches, config.data.workers
    )


def row(implementation: str, precision: str, learned: Learned, args: argparse.Namespace, prepare: float) -> Row:
    """The figures of one implementation."""
    steps_per_pass = args.cases // args.batch
    seen = args.batch * len(learned.losses)
    first, last = learned.losses[:steps_per_pass], learned.losses[-3 * steps_per_pass :]
    return Row(
        implementation,
        precision,
        round(seen / learned.seconds, 3),
        round(seen / learned.cpu_seconds, 3),
        round(learned.waiting_seconds / learned.seconds, 4),
        round(sum(first) / len(first), 3),
        round(sum(last) / len(last), 3),
        round(prepare, 1),
    )


def report(rows: list[Row], scans: int, args: argparse.Namespace) -> None:
    """Write the results and print a table."""
    on_gpu = torch.cuda.is_available()
    reference, ours = rows
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": {
            "device": torch.cuda.get_device_name() if on_gpu else "cpu",
            "processor": processor(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "system": platform.platform(),
        },
        "torch": torch.__version__,
        "threads": args.threads,
        "workers": args.workers,
        "cases": args.cases,
        "scans": scans,
        "passes": args.passes,
        "batch_cases": args.batch,
        "slice_px": args.size,
        "depth": args.depth,
        "times_faster": round(ours.cases_per_second / reference.cases_per_second, 2),
        "times_less_cpu": round(ours.cases_per_cpu_second / reference.cases_per_cpu_second, 2),
        "learns_as_well": ours.last_loss <= TOLERANCE * reference.last_loss,
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    name = "training_cuda.json" if on_gpu else "training.json"
    (RESULTS / name).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    table = Table(title=f"{args.cases} phantoms, {scans} scans, {args.passes} passes, {args.threads} threads")
    for column in ("", "precision", "cases/s", "cases/CPU s", "waiting", "first loss", "last loss", "prepare once, s"):
        table.add_column(column, justify="right")
    for one in rows:
        table.add_row(*(str(value) for value in asdict(one).values()))
    console = Console(width=120)
    console.print(table)
    console.print(f"trainer / reference: {result['times_faster']} on the clock, {result['times_less_cpu']} in CPU time")


def processor() -> str:
    """The model of the CPU."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


if __name__ == "__main__":
    sys.exit(main())
