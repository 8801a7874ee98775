"""Work in a thread: it ends once, in words, and can be stopped."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot
from qtpy.QtCore import QCoreApplication, QEvent, QObject

from napari_raddiag.engine_link.task import Task
from raddiag_engine.errors import Cancelled, RaddiagError


def ends(task: Task, qtbot: QtBot) -> list[tuple[str, object]]:
    seen: list[tuple[str, object]] = []
    task.finished.connect(lambda value: seen.append(("finished", value)))
    task.failed.connect(lambda text: seen.append(("failed", text)))
    task.stopped.connect(lambda: seen.append(("stopped", None)))
    with qtbot.waitSignal(task.ended, timeout=5000):
        task.start()
    return seen


def test_a_result_and_progress_arrive(qtbot: QtBot) -> None:
    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        progress(1, 2, "half")
        return threading.get_ident()

    task, steps = Task(work), []
    task.progress.connect(lambda *step: steps.append(step))
    [(how, value)] = ends(task, qtbot)
    assert how == "finished" and value != threading.get_ident() and steps == [(1, 2, "half")]


def test_a_known_failure_keeps_its_words(qtbot: QtBot) -> None:
    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        raise RaddiagError("scan.dcm: cut short; copy it again")

    assert ends(Task(work), qtbot) == [("failed", "scan.dcm: cut short; copy it again")]


def test_a_fault_of_the_program_is_one_line_without_its_values(qtbot: QtBot) -> None:
    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        raise ValueError("DOE^JANE")

    [(how, text)] = ends(Task(work), qtbot)
    assert how == "failed" and "ValueError" in str(text) and "DOE" not in str(text) and "\n" not in str(text)


def test_cancelled_work_stops_at_its_next_report(qtbot: QtBot) -> None:
    begun = threading.Event()

    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        begun.set()
        while True:
            progress(0, 1, "waiting")

    task = Task(work)
    threading.Timer(0.2, task.cancel).start()
    assert ends(task, qtbot) == [("stopped", None)]


def test_a_result_that_comes_after_cancel_is_not_delivered(qtbot: QtBot) -> None:
    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        task.cancel()
        return 1

    task = Task(work)
    assert ends(task, qtbot) == [("stopped", None)]


def test_work_that_says_it_was_cancelled(qtbot: QtBot) -> None:
    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        raise Cancelled

    assert ends(Task(work), qtbot) == [("stopped", None)]


def test_a_window_may_close_at_the_moment_in_which_its_threads_speak(qtbot: QtBot) -> None:
    """Speaking through an object that is being deleted ends the program: most of these fall together."""
    heard: list[object] = []

    def work(progress, cancelled):  # type: ignore[no-untyped-def]
        for step in range(5):
            progress(step, 5, f"step {step}")
        return "done"

    for _ in range(100):
        owner = QObject()
        tasks = [Task(work, owner) for _ in range(3)]
        for task in tasks:
            task.finished.connect(heard.append)
            task.start()
        owner.deleteLater()
        QCoreApplication.sendPostedEvents(owner, QEvent.Type.DeferredDelete.value)
    qtbot.wait(100)
    assert not heard
