"""Whatever happens to the runner itself, the job ends in one line and the next one is done; a worker is only acted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pytest

from raddiag_engine.protocol.case_message import case_to_message
from raddiag_engine.protocol.job import JobRequest, JobStatus
from raddiag_engine.protocol.voxels import VoxelNames
from raddiag_engine.service import job_runner, worker_process
from raddiag_engine.service.exit_words import EXIT_OUT_OF_MEMORY
from raddiag_engine.service.job import Job
from raddiag_engine.service.job_runner import DEATHS_IN_A_ROW, JobRunner
from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.voxel_store import VoxelStore
from raddiag_engine.service.worker_process import UNREADABLE, WorkerProcess
from tests.engine.service.sample import case_of
from tests.engine.service.service_process import wait_until

DEVICE = {"device": "cpu", "precision": "float32"}


class ActedWorker:
    """Answers a job at once, as a test wants it answered."""

    made: ClassVar[list[ActedWorker]] = []
    greeting: ClassVar[dict[str, Any]] = {"kind": "ready", "report": DEVICE}
    answers: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, start: Any, said: Any) -> None:
        self.holds: frozenset[str] = frozenset()
        self.pid = 1000 + len(self.made)
        self.ended = False
        self._said = said
        self.made.append(self)
        said(self, dict(self.greeting), {})

    def send(self, message: dict[str, Any], arrays: Any = None) -> None:
        if self.answers:
            self._said(self, {"job": message["job"], **self.answers.pop(0)}, {})

    def end(self, wait_seconds: float = 5.0) -> None:
        self.ended = True


@pytest.fixture
def acted(monkeypatch: pytest.MonkeyPatch) -> type[ActedWorker]:
    worker = type("Worker", (ActedWorker,), {"made": [], "answers": []})
    monkeypatch.setattr(job_runner, "WorkerProcess", worker)
    return worker


@pytest.fixture
def runner(acted: type[ActedWorker]) -> Iterator[JobRunner]:
    runner = JobRunner("folder", "cpu", VoxelStore(1000), ServiceLimits())
    yield runner
    runner.stop(5)
    assert not runner._thread.is_alive()


def submit(runner: JobRunner, stored: bool = True) -> Job:
    request = JobRequest("diagnose", case_to_message(case_of("x"), VoxelNames().of))
    job = Job("one", "", request, "folder", JobStatus("job", "diagnose"))
    if stored:
        for key in job.voxels:
            runner._store.put(key, np.zeros((2, 2), np.uint8), 4)
        runner._store.pin(job.voxels)
    runner.submit(job)
    return job


def ended(job: Job) -> JobStatus:
    wait_until(lambda: job.status.is_final, 5)
    return job.status


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"kind": "done", "result": {}, "report": {"device": "cpu", "wrong": 1}}, "cannot be understood"),
        ({"kind": "done", "report": DEVICE}, "KeyError at job_runner.py"),
        ({"kind": "failed", "failure": {"wrong": 1}}, "cannot be understood"),
        ({"kind": "progress", "done": 1}, "KeyError at job_runner.py"),
    ],
)
def test_a_malformed_word_of_the_worker_fails_the_job_and_the_next_one_is_done(
    runner: JobRunner, acted: type[ActedWorker], answer: dict[str, Any], words: str
) -> None:
    acted.answers = [answer, {"kind": "done", "result": {"fine": 1}, "report": DEVICE}]
    runner.start()
    status = ended(submit(runner))
    assert (status.state, status.failure and status.failure.cause) == ("failed", "fault")
    assert status.failure is not None and words in status.failure.message
    job = submit(runner)
    assert ended(job).state == "done"
    assert [worker.ended for worker in acted.made] == [True, False]
    wait_until(lambda: runner.report.state == "ready", 5)
    assert runner.report.restarts == 1
    assert all(entry.pins == 0 for entry in runner._store._entries.values())


def test_a_result_that_does_not_fit_into_memory_is_out_of_memory(
    runner: JobRunner, acted: type[ActedWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    acted.answers = [{"kind": "done", "result": {}}]

    def no_room(*args: object) -> None:
        raise MemoryError("Unable to allocate 2.0 GiB for an array")

    monkeypatch.setattr(job_runner, "_result", no_room)
    runner.start()
    failure = ended(submit(runner)).failure
    assert failure is not None and (failure.cause, failure.needed_bytes) == ("memory", 2 * 2**30)
    wait_until(lambda: runner.report.state == "ready", 5)


def test_voxels_that_are_gone_fail_the_job_and_not_the_service(runner: JobRunner, acted: type[ActedWorker]) -> None:
    runner.start()
    failure = ended(submit(runner, stored=False)).failure
    assert failure is not None and (failure.cause, "KeyError at" in failure.message) == ("fault", True)
    acted.answers = [{"kind": "done", "result": {}}]
    assert ended(submit(runner)).state == "done"


def test_a_worker_that_only_says_nonsense_is_not_started_for_ever(runner: JobRunner, acted: type[ActedWorker]) -> None:
    acted.greeting = {"kind": "ready", "report": {"wrong": 1}}
    runner.start()
    wait_until(lambda: runner.report.state == "down", 5)
    assert "cannot be understood" in str(runner.report.reason)
    assert len(acted.made) == DEATHS_IN_A_ROW
    acted.greeting = ActedWorker.greeting
    acted.answers = [{"kind": "done", "result": {}}]
    assert ended(submit(runner)).state == "done", "the next job tries again"


def test_no_thread_to_be_had_is_said(runner: JobRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(job_runner, "WorkerProcess", refuse)
    runner.start()
    wait_until(lambda: runner.report.state == "down", 5)
    assert "cannot be started" in str(runner.report.reason)


# --- The worker's process itself ---


def died(program: str, monkeypatch: pytest.MonkeyPatch, start: Any = None) -> dict[str, Any]:
    monkeypatch.setattr(worker_process, "WORKER_ARGUMENTS", ["-S", "-c", program])
    words: list[dict[str, Any]] = []
    WorkerProcess(start or {}, lambda worker, message, arrays: words.append(message))
    wait_until(lambda: bool(words) and words[-1]["kind"] == "died", 20)
    return words[-1]


def test_a_worker_that_writes_what_is_no_message_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import os, time; os.write(1, (5).to_bytes(8, 'little') + b'no: {'); time.sleep(600)"
    assert died(program, monkeypatch)["reason"] == UNREADABLE
    program = "import os, time; os.write(1, (2).to_bytes(8, 'little') + b'{}'); time.sleep(600)"
    assert died(program, monkeypatch)["reason"] == UNREADABLE


def test_no_room_for_what_a_worker_writes_is_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "receive", lambda pipe: (_ for _ in ()).throw(MemoryError()))
    assert died("import time; time.sleep(600)", monkeypatch)["status"] == EXIT_OUT_OF_MEMORY


def test_a_worker_that_cannot_be_told_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its job would be waited for without end."""
    assert died("import time; time.sleep(600)", monkeypatch, {"not for JSON": object()})["status"] != 0


def test_a_worker_that_the_system_holds_back_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "WORKER_ARGUMENTS", ["-S", "-c", "import time; time.sleep(600)"])
    worker = WorkerProcess({}, lambda *said: None)

    def hold(seconds: float | None = None) -> int:
        raise subprocess.TimeoutExpired("worker", seconds or 0.0)

    with monkeypatch.context() as held:
        held.setattr(worker._process, "wait", hold)
        worker.end(0.01)
    wait_until(lambda: worker._process.poll() is not None, 10)
