"""Small pieces of work that the window need not wait for, such as writing a file in a home folder that may be slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from qtpy.QtCore import QObject

from napari_raddiag.engine_link.task import Task

Result = TypeVar("Result")


def in_background(
    owner: QObject,
    work: Callable[[], Result],
    *,
    done: Callable[[Result], object] | None = None,
    failed: Callable[[str], object] | None = None,
) -> None:
    """Run something in a thread.

    Args:
        owner: Nothing is delivered once it is gone.
        work: Touches neither widgets nor what the main thread changes.
        done: Gets what it returned, in the main thread.
        failed: Gets one line on what is wrong, in the main thread.
    """
    task = Task(lambda progress, cancelled: work(), owner)
    if done is not None:
        task.finished.connect(done)
    if failed is not None:
        task.failed.connect(failed)
    task.ended.connect(task.deleteLater)
    task.start()
