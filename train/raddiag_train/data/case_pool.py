"""One function over many cases, on all cores where there are enough cases to be worth the processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from raddiag_train.data.prepared import CASES_PER_TASK
from raddiag_train.data.records import CaseRecord

Result = TypeVar("Result")


def of_each_case(function: Callable[[CaseRecord], Result], records: Sequence[CaseRecord]) -> Iterator[Result]:
    """What a function of a module makes of each case, in order."""
    workers = min(os.cpu_count() or 1, len(records) // CASES_PER_TASK)
    if workers < 2:
        yield from map(function, records)
        return
    # "spawn", because a fork of a process whose libraries have started threads can hang.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(function, records, chunksize=CASES_PER_TASK)
        finally:
            pool.shutdown(cancel_futures=True)
