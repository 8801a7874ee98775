"""What the engine's service costs: the same cases through it and in this process, by turns, with the demo model.

    python benchmarks/service.py            # a minute on 2 cores

Every round has voxels that neither has seen, so that each uploads (the service), encodes and answers. The overhead is
what the service takes longer than the engine in this process in the same round: checking, sending, queueing, fetching.
Both run with one thread; a service of its own is started, and its worker is warm.

Writes benchmarks/results/service.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import psutil
import torch
from rich.console import Console
from rich.table import Table

from raddiag_engine import Engine
from raddiag_engine.cases import Anatomy, Case, Modality, Plane, Scan, Window
from raddiag_engine.client import LocalService
from raddiag_engine.reading import read_case
from raddiag_engine.service.memory import processor_name
from raddiag_resources import path_of

HERE = Path(__file__).parent
ALLOWED_SHARE, ALLOWED_MS = 0.10, 50.0


@dataclass(frozen=True)
class Row:
    """One question about one case.

    Attributes:
        case: What it holds.
        megabytes: Of voxels.
        question: "diagnose", "again" (nothing changed), or "explain".
        engine_ms: In this process, median over rounds.
        service_ms: Through the service, median over rounds.
        ratio: Median over rounds of service to engine in the same round.
        overhead_ms: Median over rounds of the difference.
        engine_cpu_ms: Processor time in this process, mean over rounds: what it costs where neighbours share the cores.
        service_cpu_ms: Processor time of client, server and worker together, mean over rounds.
        allowed_ms: 10 % of the engine's time or 50 ms, whichever is more.
        within: True if the overhead is allowed.
    """

    case: str
    megabytes: float
    question: str
    engine_ms: float
    service_ms: float
    ratio: float
    overhead_ms: float
    engine_cpu_ms: float
    service_cpu_ms: float
    allowed_ms: float
    within: bool


def main() -> int:
    """Run the benchmark; the status is 1 if the sample case takes more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="default 15")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--note", default="", help="what else the machine did meanwhile")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "service.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)

    start = time.perf_counter()
    service = LocalService.start(device=arguments.device)
    listening_s = time.perf_counter() - start
    try:
        engine = Engine.load("demo", device=arguments.device)
        service.client.diagnose(sample_case())
        ready_s = time.perf_counter() - start
        rows = [
            row
            for name, case, rounds in (
                ("sample case", sample_case(), arguments.rounds),
                ("CT, 200 slices of 512 x 512", ct_case(), max(2, arguments.rounds // 6)),
            )
            for row in compare(name, case, service, engine, rounds)
        ]
    finally:
        service.stop()
    report(rows, listening_s, ready_s, arguments)
    return 0 if all(row.within for row in rows if row.case == "sample case") else 1


def compare(name: str, case: Case, service: LocalService, engine: Engine, rounds: int) -> list[Row]:
    """The three questions, by turns here and there."""
    client = service.client
    server = psutil.Process(service.pid)
    processes = [psutil.Process(), server, *server.children()]
    times: dict[str, list[tuple[Cost, Cost]]] = {"diagnose": [], "again": [], "explain": []}
    disorder = next(disorder.name for disorder in engine.card.disorders if not disorder.normal)
    for number in range(rounds + 1):
        fresh = [Case(tuple(replace(s, voxels=s.voxels + (number + 1)) for s in case.scans)) for _ in range(2)]
        measured = (
            ("diagnose", lambda c=fresh[0]: diagnose_here(engine, c), lambda c=fresh[1]: client.diagnose(c)),
            ("again", lambda c=fresh[0]: diagnose_here(engine, c), lambda c=fresh[1]: client.diagnose(c)),
            ("explain", lambda: engine.explain(disorder), lambda c=fresh[1]: client.explain(c, [disorder])),
        )
        for question, here, there in measured:
            if number % 2:
                pair = cost_of(here, processes), cost_of(there, processes)
            else:
                second = cost_of(there, processes)
                pair = cost_of(here, processes), second
            if number:  # the first round pays for what is loaded once
                times[question].append(pair)
    megabytes = sum(scan.voxels.nbytes for scan in case.scans) / 1e6
    return [row_of(name, megabytes, question, pairs) for question, pairs in times.items()]


def row_of(name: str, megabytes: float, question: str, pairs: list[tuple[Cost, Cost]]) -> Row:
    """Medians of the time that passed, means of the processors' (which is counted in steps of 10 ms)."""
    engine_ms = 1e3 * statistics.median(here.wall for here, _ in pairs)
    overhead_ms = 1e3 * statistics.median(there.wall - here.wall for here, there in pairs)
    allowed_ms = max(ALLOWED_SHARE * engine_ms, ALLOWED_MS)
    return Row(
        case=name,
        megabytes=round(megabytes, 2),
        question=question,
        engine_ms=round(engine_ms, 1),
        service_ms=round(1e3 * statistics.median(there.wall for _, there in pairs), 1),
        ratio=round(statistics.median(there.wall / here.wall for here, there in pairs), 2),
        overhead_ms=round(overhead_ms, 1),
        engine_cpu_ms=round(1e3 * statistics.mean(here.processor for here, _ in pairs), 1),
        service_cpu_ms=round(1e3 * statistics.mean(there.processor for _, there in pairs), 1),
        allowed_ms=round(allowed_ms, 1),
        within=overhead_ms <= allowed_ms,
    )


def diagnose_here(engine: Engine, case: Case) -> None:
    """As the client's one call does."""
    engine.set_case(case)
    engine.diagnose()


class Cost(NamedTuple):
    """Seconds that passed, and seconds that processors worked for it."""

    wall: float
    processor: float


def cost_of(work: Callable[[], object], processes: list[psutil.Process]) -> Cost:
    """What work costs in all processes together."""
    before, start = processor_seconds(processes), time.perf_counter()
    work()
    return Cost(time.perf_counter() - start, processor_seconds(processes) - before)


def processor_seconds(processes: list[psutil.Process]) -> float:
    """Of all threads until now."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def sample_case() -> Case:
    """The bundled one."""
    return read_case([path_of("sample_case")], guarded=False)


def ct_case() -> Case:
    """A CT of 105 MB of smooth noise."""
    coarse = np.random.default_rng(0).normal(0, 200, (25, 64, 64))
    voxels = coarse.repeat(8, 0).repeat(8, 1).repeat(8, 2).astype(np.int16)
    window = (Window(40, 400),)
    return Case(
        (Scan("ct", "volume", voxels, modality=Modality.CT, anatomy=Anatomy.CHEST, plane=Plane.AXIAL, windows=window),)
    )


def report(rows: list[Row], listening_s: float, ready_s: float, arguments: argparse.Namespace) -> None:
    """Print the table and write the JSON."""
    table = Table(title=f"service against the engine in this process, {arguments.device}")
    for title in ("case", "MB", "question", "engine ms", "service ms", "ratio", "overhead ms", "allowed ms", "CPU ms"):
        table.add_column(title, justify="left" if title in ("case", "question") else "right")
    for row in rows:
        numbers = (row.engine_ms, row.service_ms, row.ratio, row.overhead_ms, row.allowed_ms)
        texts = [f"{number:g}" for number in numbers]
        texts.append(f"{row.engine_cpu_ms:g} -> {row.service_cpu_ms:g}")
        table.add_row(row.case, f"{row.megabytes:g}", row.question, *texts, style="" if row.within else "bold red")
    console = Console()
    console.print(table)
    console.print(f"listens after {listening_s:.2f} s; first diagnosis after {ready_s:.2f} s, torch loaded meanwhile")
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processor": processor_name(), "cores": os.cpu_count(), "system": platform.platform()},
        "threads": 1,
        "note": arguments.note,
        "torch": torch.__version__,
        "rounds": arguments.rounds,
        "seconds_to_listen": round(listening_s, 2),
        "seconds_to_first_diagnosis": round(ready_s, 2),
        "rows": [asdict(row) for row in rows],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
