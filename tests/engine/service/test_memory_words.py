"""Out of memory is told with the bytes that were asked for, those that are free, and what to do."""

from __future__ import annotations

import pytest

from raddiag_engine.errors import CaseError
from raddiag_engine.service.exit_words import exit_words
from raddiag_engine.service.job_failure import failure_of
from raddiag_engine.service.memory import memory_left_to_this_process, out_of_memory_line, system_memory

CUDA = (
    "CUDA out of memory. Tried to allocate 9.10 GiB. GPU 0 has a total capacity of 79.11 GiB of which 7.80 GiB is free"
    ". Including non-PyTorch memory, this process has 71.30 GiB memory in use."
)
CPU = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8000000000 bytes. Error code 12"


class OutOfMemoryError(RuntimeError):
    """As torch calls it."""


@pytest.mark.parametrize(
    ("error", "needed", "words"),
    [
        (
            OutOfMemoryError(CUDA),
            int(9.1 * 2**30),
            "needs 9.8 GB more, the GPU has 8.4 GB free: use fewer scans or the CPU",
        ),
        (
            RuntimeError(CPU),
            8_000_000_000,
            "needs 8.0 GB more, the computer has",
        ),
        (
            MemoryError("Unable to allocate 244. MiB for an array with shape (8000, 8000) and data type float32"),
            244 * 2**20,
            "needs 0.3 GB more",
        ),
        (MemoryError("Unable to allocate 1.5 KiB for an array"), 1536, "needs 0.0 MB more"),
        (MemoryError(), None, "needs more memory than there is"),
    ],
)
def test_the_bytes_are_those_of_the_allocator(error: Exception, needed: int | None, words: str) -> None:
    failure = failure_of(error)
    assert (failure["cause"], failure["needed_bytes"]) == ("memory", needed)
    assert words in failure["message"]
    assert failure["free_bytes"]


def test_the_gpu_says_itself_what_it_has_free() -> None:
    assert failure_of(OutOfMemoryError(CUDA))["free_bytes"] == int(7.8 * 2**30)


def test_what_nobody_knows_is_not_said() -> None:
    assert out_of_memory_line(None, None, on_gpu=True).startswith("out of memory: the GPU has too little")


def test_other_errors_say_no_more_than_they_may() -> None:
    assert failure_of(CaseError("no usable scan"))["cause"] == "CaseError"
    try:
        raise ValueError("DOE^JOHN")
    except ValueError as error:
        failure = failure_of(error)
    assert failure["cause"] == "fault"
    assert "ValueError at test_memory_words.py:" in failure["message"]
    assert "DOE" not in failure["message"]
    missing = failure_of(ModuleNotFoundError("No module named 'torch'", name="torch"))
    assert missing["cause"] == "system"
    assert "napari-raddiag[engine]" in missing["message"]


def test_memory_is_measured() -> None:
    memory = system_memory()
    assert memory.total and memory.free
    assert 2**20 < memory.free < memory.total
    left = memory_left_to_this_process()
    assert left and left <= memory.total


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit status 0"),
        (-9, "SIGKILL), as the system does when memory runs out"),
        (-11, "SIGSEGV"),
        (-63, "signal 63"),
    ],
)
def test_the_end_of_a_process_has_words(status: int, words: str) -> None:
    assert words in exit_words(status)
