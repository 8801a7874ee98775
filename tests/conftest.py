"""One thread a test process: the suite runs in as many processes as there are cores."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of two processes on two cores would wait for each other."""
    import torch

    torch.set_num_threads(1)
