"""Speed of medicine in words: names embedded a second, ICD-10-CM loaded, and how soon a search answers.

    OMP_NUM_THREADS=2 taskset -c 0,1 python benchmarks/knowledge.py --encoder MINILM

MINILM: a knowledge encoder, such as a run of `raddiag knowledge pretrain` or a plain folder of transformers. As many
names as the paper has disorders are taken evenly from ICD-10-CM, whose names are longer. The search by meaning has
vectors for all names; those that were not embedded here repeat others, which changes no time. Written to
results/knowledge.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from raddiag_engine.atomic import write_text
from raddiag_resources import path_of
from raddiag_train.knowledge.encoder_search import EncoderSearch
from raddiag_train.knowledge.lexical_search import LexicalSearch
from raddiag_train.knowledge.searched_disorder import SearchedDisorder, disorders_of_icd10cm
from raddiag_train.training.label_text import named_encoder

RESULTS = Path(__file__).parent / "results" / "knowledge.json"
NAMES = 5569
AIMS = {
    "names embedded a second": ("at least", 100.0),
    "ICD-10-CM loads, s": ("under", 0.2),
    "ICD-10-CM in the package, MB": ("under", 5.0),
    "search by words, median s": ("under", 0.1),
    "search by words, slowest s": ("under", 0.1),
    "search by meaning, median s": ("under", 0.1),
    "search by meaning, slowest s": ("under", 0.1),
}
QUERIES = (
    "sudden chest pain, absent lung markings",
    "tension pneumothroax",
    "ring-enhancing lesion with fever after dental abscess",
    "child with a limp, flattened femoral head",
    "calcified nodules in both lungs of a sandblaster",
    "stone in the common bile duct with jaundice",
    "fluid behind the eardrum",
    "tumour of the meninges",
    "broken wrist after a fall on the outstretched hand, fragment tilted backwards, osteoporosis, elderly woman",
    "zzqq",
)
LOADING = """
import time
from raddiag_engine.icd10cm import icd10cm
start = time.perf_counter()
icd10cm()
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", required=True, help="folder, run or repository of the hub")
    parser.add_argument("--threads", type=int, default=2, help="of torch (2)")
    parser.add_argument("--names", type=int, default=NAMES, help=f"to embed ({NAMES})")
    parser.add_argument("--repeats", type=int, default=5, help="of loading and of each query (5)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    encoder = named_encoder(args.encoder)
    disorders = disorders_of_icd10cm()
    names = evenly(disorders, args.names)
    encoder.encode(names[:64])  # what is made once is made here
    start = time.perf_counter()
    vectors_NW = encoder.encode(names)
    seconds = time.perf_counter() - start

    by_words = LexicalSearch(disorders)
    by_meaning = EncoderSearch(disorders, encoder, lambda every: np.resize(vectors_NW, (len(every), encoder.width)))
    loading = min(loading_seconds() for _ in range(args.repeats))
    figures = {
        "names embedded a second": len(names) / seconds,
        "ICD-10-CM loads, s": loading,
        "ICD-10-CM in the package, MB": path_of("icd10cm.tsv.gz").stat().st_size / 1e6,
    }
    for title, search in (("by words", by_words.search), ("by meaning", by_meaning.search)):
        times = [seconds_of(search, query, args.repeats) for query in QUERIES]
        figures[f"search {title}, median s"] = statistics.median(times)
        figures[f"search {title}, slowest s"] = max(times)
    report(figures)
    setting = {
        "threads": args.threads,
        "names": len(names),
        "mean_characters": round(statistics.mean(map(len, names)), 1),
        "encoder": {
            "kind": encoder.kind,
            "width": encoder.width,
            "weights": sum(p.numel() for p in encoder.parameters()),
        },
        "torch": torch.__version__,
    }
    write_text(RESULTS, json.dumps({"setting": setting, "figures": figures}, indent=1) + "\n")


def evenly(disorders: Sequence[SearchedDisorder], count: int) -> list[str]:
    """Names from the whole of ICD-10-CM, none twice."""
    every = list(dict.fromkeys(name for disorder in disorders for name in disorder.names))
    return [every[place] for place in np.linspace(0, len(every) - 1, count).astype(int)]


def loading_seconds() -> float:
    """Of the table, in a process of its own, without the interpreter's start and imports."""
    done = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=True)
    return float(done.stdout)


def seconds_of(search: Callable[..., Any], query: str, repeats: int) -> float:
    """The shortest of some repeats: what others do on the machine is left out."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        search(query, 10)
        times.append(time.perf_counter() - start)
    return min(times)


def report(figures: dict[str, float]) -> None:
    """A table of what was measured and what is aimed at."""
    table = Table("", "measured", "aim", "")
    for name, value in figures.items():
        bound, aim = AIMS[name]
        reached = value >= aim if bound == "at least" else value < aim
        table.add_row(name, f"{value:.3g}", f"{bound} {aim:g}", "reached" if reached else "missed")
    Console().print(table)


if __name__ == "__main__":
    main()
