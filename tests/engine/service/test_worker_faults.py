"""Cancelled, hung, killed, out of memory: each job ends in one line, and the next one works."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psutil
import pytest

from raddiag_engine.cases import Case
from raddiag_engine.client import EngineClient, EngineError
from raddiag_engine.errors import Cancelled
from tests.engine.service.sample import case_of
from tests.engine.service.service_process import FAULTY_WORKER, ServiceProcess, is_gone, running_service, wait_until


class Asking:
    """A client that waits for a diagnosis in a thread."""

    def __init__(self, service: ServiceProcess, case: Case) -> None:
        self.cancelled = threading.Event()
        self.whats: list[str] = []
        self.error: Exception | None = None
        self.seconds = 0.0
        self._client = EngineClient(service.url, service.token)
        self._case = case
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        start = time.monotonic()
        try:
            self._client.diagnose(
                self._case, progress=lambda done, total, what: self.whats.append(what), cancelled=self.cancelled.is_set
            )
        except Exception as error:  # noqa: BLE001  the test judges it
            self.error = error
        self.seconds = time.monotonic() - start

    def saw(self, word: str) -> None:
        wait_until(lambda: any(word in what for what in self.whats) or not self._thread.is_alive())
        assert any(word in what for what in self.whats), (self.whats, self.error)

    def end(self) -> Exception | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.error


@pytest.fixture(autouse=True)
def next_job_works(faulty_service: ServiceProcess) -> object:
    """Whatever a test did, the service does the next job."""
    yield
    assert faulty_service.client.diagnose(case_of("sound")).case_hash == case_of("sound").hash


def test_a_running_job_is_cancelled_between_two_chunks(faulty_service: ServiceProcess) -> None:
    worker = faulty_service.worker()
    asking = Asking(faulty_service, case_of("slow"))
    asking.saw("taking its time")
    start = time.monotonic()
    asking.cancelled.set()
    assert isinstance(asking.end(), Cancelled)
    assert time.monotonic() - start < 0.5
    faulty_service.wait_for(("ready",), 5)
    assert faulty_service.worker() == worker, "a worker that heeds a cancel is kept"


def test_a_worker_that_does_not_heed_a_cancel_is_replaced(faulty_service: ServiceProcess) -> None:
    worker, restarts = faulty_service.worker(), faulty_service.client.health().restarts
    asking = Asking(faulty_service, case_of("deaf"))
    asking.saw("hanging")
    assert faulty_service.client.health().worker == "busy"
    asking.cancelled.set()
    assert isinstance(asking.end(), Cancelled)
    wait_until(lambda: is_gone(worker.pid))
    wait_until(lambda: faulty_service.client.health().restarts == restarts + 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_stopped_worker_is_replaced_too(faulty_service: ServiceProcess) -> None:
    worker = faulty_service.worker()
    asking = Asking(faulty_service, case_of("slow"))
    asking.saw("taking its time")
    worker.send_signal(signal.SIGSTOP)
    assert faulty_service.client.health().worker == "busy", "the service answers all the same"
    asking.cancelled.set()
    assert isinstance(asking.end(), Cancelled)
    wait_until(lambda: is_gone(worker.pid))


def test_a_queued_job_is_cancelled_at_once_and_the_running_one_goes_on(faulty_service: ServiceProcess) -> None:
    running = Asking(faulty_service, case_of("slow"))
    running.saw("taking its time")
    queued = Asking(faulty_service, case_of("queued"))
    queued.saw("waiting, 1 before this case")
    assert faulty_service.client.health().queued == 1
    queued.cancelled.set()
    assert isinstance(queued.end(), Cancelled)
    assert faulty_service.client.health().worker == "busy"
    assert running.error is None
    running.cancelled.set()
    assert isinstance(running.end(), Cancelled)


def kill(service: ServiceProcess) -> None:
    service.worker().kill()


@pytest.mark.parametrize(
    ("name", "fault", "cause", "words"),
    [
        ("slow", kill, "crash", ("signal 9 (SIGKILL)", "memory runs out", "try once more")),
        ("abort", None, "crash", ("signal 6 (SIGABRT)",)),
        ("bug", None, "fault", ("KeyError at <string>:", "please report")),
    ],
)
def test_a_worker_that_dies_says_why_and_is_replaced(
    faulty_service: ServiceProcess,
    name: str,
    fault: Callable[[ServiceProcess], None] | None,
    cause: str,
    words: tuple[str, ...],
) -> None:
    worker = faulty_service.worker()
    asking = Asking(faulty_service, case_of(name))
    if fault is not None:
        asking.saw("taking its time")
        fault(faulty_service)
    error = asking.end()
    assert isinstance(error, EngineError)
    assert error.cause == cause
    assert all(word in str(error) for word in words), str(error)
    assert "DOE" not in str(error)
    wait_until(lambda: is_gone(worker.pid))


def test_out_of_memory_says_what_was_needed_and_what_was_free(faulty_service: ServiceProcess) -> None:
    worker = faulty_service.worker()
    error = Asking(faulty_service, case_of("bomb")).end()
    assert isinstance(error, EngineError)
    assert error.cause == "memory"
    assert error.needed_bytes == 2**24 * 2**20 * 4
    assert error.free_bytes is not None and 0 < error.free_bytes < psutil.virtual_memory().total
    assert "needs 70368.7 GB more, the computer has" in str(error)
    assert "use fewer or smaller scans" in str(error)
    wait_until(lambda: is_gone(worker.pid))


def test_an_idle_worker_that_is_killed_is_replaced_before_the_next_job(faulty_service: ServiceProcess) -> None:
    faulty_service.wait_for(("ready",))
    worker = faulty_service.worker()
    worker.kill()
    # Until the service has seen it, it says that the worker it had is ready.
    service = psutil.Process(faulty_service.process.pid)
    wait_until(lambda: any(child.pid != worker.pid for child in service.children()))
    faulty_service.wait_for(("ready",))
    assert faulty_service.worker().pid != worker.pid


def test_voxels_survive_the_worker(faulty_service: ServiceProcess) -> None:
    """The service keeps them: a new worker needs no new upload."""
    case = case_of("kept")
    first = faulty_service.client.diagnose(case)
    faulty_service.worker().kill()
    assert faulty_service.client.diagnose(case).disorders == first.disorders


# A worker with so little address space that its allocator, not the system, says no.
STARVED_WORKER = """
import resource
from raddiag_engine.service import computation, worker
original = computation.Computation.run
def starved(self, *arguments):
    pages = int(open("/proc/self/statm").read().split()[0])
    bound = pages * resource.getpagesize() + 100 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (bound, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return original(self, *arguments)
computation.Computation.run = starved
worker.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits on the address space")
def test_an_allocator_that_says_no_is_told_in_bytes() -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (8000, 8000), np.uint8)
    large = Case((replace(case_of("large").scans[0], voxels=voxels),))
    with running_service("demo", worker=STARVED_WORKER) as service:
        worker = service.worker()
        with pytest.raises(EngineError) as caught:
            service.client.diagnose(large)
        assert caught.value.cause == "memory"
        assert caught.value.needed_bytes is not None and caught.value.free_bytes is not None
        assert caught.value.needed_bytes > caught.value.free_bytes
        assert caught.value.free_bytes <= 100 * 2**20 < caught.value.needed_bytes
        assert "the computer has" in str(caught.value)
        wait_until(lambda: is_gone(worker.pid))
        service.wait_for(("ready",))


# A worker that has no room for what it is sent.
CRAMPED_WORKER = """
from raddiag_engine.service import worker
original = worker.receive
def cramped(pipe):
    message, arrays = original(pipe)
    if arrays:
        raise MemoryError
    return message, arrays
worker.receive = cramped
worker.main()
"""


def test_voxels_that_do_not_fit_into_the_worker_are_out_of_memory() -> None:
    with running_service("demo", worker=CRAMPED_WORKER) as service:
        with pytest.raises(EngineError, match="needs more memory than there is") as caught:
            service.client.diagnose(case_of("any"))
        assert caught.value.cause == "memory"
        service.wait_for(("ready",))


def test_a_worker_that_cannot_start_says_why_and_the_service_lives(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.engine.diagnosis.tiny_model import tiny_engine

    tiny_engine(tmp_path / "model")
    weights = tmp_path / "model" / "model.safetensors"
    sound = weights.read_bytes()
    weights.write_bytes(sound[:-1] + b"x")
    with running_service(tmp_path / "model") as service:
        service.wait_for(("down",))
        assert "not the weights" in str(service.client.health().reason)
        with pytest.raises(Exception, match="not the weights"):
            service.client.diagnose(case_of("first"))
        weights.write_bytes(sound)  # mended: the next job tries again
        assert service.client.diagnose(case_of("first")).model_name == "tiny"
        assert service.client.health().worker == "ready"
        assert [m.origin for m in service.client.models() if m.default] == ["launch"]


def test_a_worker_that_always_dies_is_not_started_for_ever() -> None:
    with running_service("demo", worker="import os; os._exit(3)") as service:
        service.wait_for(("down",))
        with pytest.raises(EngineError, match="exit status 3") as caught:
            service.client.diagnose(case_of("first"))
        assert caught.value.cause == "crash"
        restarts = service.client.health().restarts
        time.sleep(1.0)
        assert service.client.health().restarts == restarts


def test_the_faulty_worker_is_not_always_faulty(faulty_service: ServiceProcess) -> None:
    assert "Computation.run = faulty" in FAULTY_WORKER
    assert faulty_service.client.diagnose(case_of("sound")).scans[0].id == "sound"
