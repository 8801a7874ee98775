"""An exception of the worker as the one line that its client gets."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import RaddiagError
from raddiag_engine.failure_line import failure_line, is_out_of_memory
from raddiag_engine.protocol.job import JobFailure
from raddiag_engine.service.memory import bytes_free, bytes_needed, memory_left_to_this_process, out_of_memory_line


def failure_of(error: Exception) -> dict[str, Any]:
    """`JobFailure` as JSON data: a typed error as it stands, memory with its numbers, anything else with its place.

    A fault of the program is named by type and line only, because its message may quote what it worked on.
    """
    data: dict[str, Any] = to_mapping(_failure(error))
    return data


def _failure(error: Exception) -> JobFailure:
    if isinstance(error, RaddiagError):
        return JobFailure(type(error).__name__, str(error))
    if is_out_of_memory(error):
        on_gpu = "CUDA" in str(error) or "GPU" in str(error)
        needed = bytes_needed(str(error))
        free = bytes_free(str(error)) if on_gpu else memory_left_to_this_process()
        return JobFailure("memory", out_of_memory_line(needed, free, on_gpu), needed, free)
    if isinstance(error, ModuleNotFoundError | OSError) and (line := failure_line(error)) is not None:
        return JobFailure("system", line)
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    return JobFailure("fault", f"a fault of the program ({type(error).__name__} at {place}); please report it")
