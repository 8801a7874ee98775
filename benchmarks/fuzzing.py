"""Damaged copies of real files through the guarded reader: what came of them, by kind.

    python benchmarks/fuzzing.py [--inputs 20000] [--seed 1] [--first 0] [--processes 1]

Each input is one file on its own. An outcome is a scan, or a line with the reason; anything else is an escape, which is
said on standard error with the number that makes it again. Written to results/fuzzing.json.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from raddiag_engine.reading.guard import GuardedReader, GuardLimits
from tests.engine.reading.mutants import mutant, whole_files
from tests.engine.reading.outcomes import DEAD, outcome_of

RESULTS = Path(__file__).parent / "results" / "fuzzing.json"
STEP_SECONDS, MEMORY_BYTES = 20.0, 2 * 2**30
MOST_REASONS = 25
SIGN_OF_LIFE = 1000

Figures = tuple[Counter[str], Counter[str], Counter[str], list[str], float]


def main() -> int:
    """Try, count, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    args = parser.parse_args()
    started = time.perf_counter()
    parts = [range(args.first + n, args.first + args.inputs, args.processes) for n in range(args.processes)]
    with ProcessPoolExecutor(args.processes) as pool:
        figures = list(pool.map(tried, [args.seed] * len(parts), parts))
    kinds, damages, reasons = (sum((part[n] for part in figures), Counter()) for n in range(3))
    escapes = [line for part in figures for line in part[3]]
    result = {
        "commit": commit(),
        "inputs": args.inputs,
        "seed": args.seed,
        "whole_files": len(whole_files()),
        "outcomes": dict(kinds.most_common()),
        "escapes": escapes,
        "slowest_s": round(max(part[4] for part in figures), 2),
        "budget_s_per_step": STEP_SECONDS,
        "by_damage": {key: damages[key] for key in sorted(damages)},
        "reasons": dict(reasons.most_common(MOST_REASONS)),
        "other_reasons": len(reasons) - min(len(reasons), MOST_REASONS),
        "seconds": round(time.perf_counter() - started),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    return 1 if escapes else 0


def commit() -> str:
    """Of the code that is tried."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def tried(seed: int, numbers: range) -> Figures:
    """The outcomes of some inputs: by kind, by damage and kind, by reason; the escapes; the slowest's seconds."""
    files = whole_files()
    kinds: Counter[str] = Counter()
    damages: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    escapes: list[str] = []
    slowest = 0.0
    limits = GuardLimits(seconds_per_step=STEP_SECONDS, memory_bytes=MEMORY_BYTES)
    with GuardedReader(limits) as reader, tempfile.TemporaryDirectory() as folder:
        for done, number in enumerate(numbers, start=1):
            damaged = mutant(files, seed, number)
            path = Path(folder, f"{number}_{damaged.name}")
            path.write_bytes(damaged.content)
            try:
                outcome = outcome_of(reader, path)
            except Exception as error:  # noqa: BLE001 - that one escaped is what is looked for
                escapes.append(f"{number}: {damaged.name}, {damaged.damage}: {type(error).__name__}: {error}")
                print(escapes[-1], file=sys.stderr, flush=True)
                continue
            finally:
                path.unlink()
            kinds[outcome.kind] += 1
            damages[f"{damaged.damage}: {outcome.kind}"] += 1
            slowest = max(slowest, outcome.seconds)
            if outcome.reason:
                reasons[_general(outcome.reason)] += 1
            if outcome.kind == DEAD:
                print(f"{number}: {damaged.name}, {damaged.damage}: {outcome.reason}", file=sys.stderr, flush=True)
            if done % SIGN_OF_LIFE == 0:
                print(f"{done} of {len(numbers)}: {dict(kinds)}", file=sys.stderr, flush=True)
    return kinds, damages, reasons, escapes, slowest


def _general(reason: str) -> str:
    """The reason without what differs from file to file."""
    text = re.sub(r"0x[0-9a-fA-F]+|[-+]?\d[\d.,]*", "N", reason)
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text)
    return text[:90]


if __name__ == "__main__":
    sys.exit(main())
