"""A service that hangs holds nobody: cancel, hanging up and a start that is not wanted any more end at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from raddiag_engine.client import EngineClient, EngineError, LocalService
from raddiag_engine.client.connection import Connection
from raddiag_engine.errors import Cancelled
from raddiag_engine.protocol.version import PROTOCOL
from tests.engine.service.sample import case_of, sample_case
from tests.engine.service.service_process import FAULTY_WORKER, ServiceProcess, is_gone, running_service, wait_until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGSTOP")


@pytest.fixture(scope="module")
def slow_service() -> Iterator[ServiceProcess]:
    with running_service("demo", worker=FAULTY_WORKER) as service:
        service.wait_for(("ready",))
        yield service


class InThread:
    """A call in a thread: how it ended and when."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.error: Exception | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except Exception as error:  # noqa: BLE001  the test judges it
            self.error = error

    def end_within(self, seconds: float) -> Exception | None:
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"it went on for more than {seconds} s"
        return self.error


def test_a_cancel_does_not_wait_for_a_service_that_hangs_which_hears_of_it_later(slow_service: ServiceProcess) -> None:
    whats: list[str] = []
    cancelled = threading.Event()
    client = EngineClient(slow_service.url, slow_service.token)
    asking = InThread(
        lambda: client.diagnose(
            case_of("slow"), progress=lambda *step: whats.append(step[2]), cancelled=cancelled.is_set
        )
    )
    wait_until(lambda: "taking its time" in whats)
    os.kill(slow_service.process.pid, signal.SIGSTOP)
    try:
        time.sleep(0.3)
        cancelled.set()
        assert isinstance(asking.end_within(2.0), Cancelled)
    finally:
        os.kill(slow_service.process.pid, signal.SIGCONT)
    slow_service.wait_for(("ready",), 5)  # the job itself would take twice as long


def test_what_is_under_way_ends_when_the_client_hangs_up(slow_service: ServiceProcess) -> None:
    client = EngineClient(slow_service.url, slow_service.token)
    client.health()
    os.kill(slow_service.process.pid, signal.SIGSTOP)
    try:
        calls = [InThread(client.health), InThread(lambda: client.diagnose(case_of("sound")))]
        time.sleep(0.5)
        client.hang_up()
        for call in calls:
            error = call.end_within(2.0)
            assert isinstance(error, EngineError) and error.cause == "down", error
            assert "stopped or restarted meanwhile; ask again" in str(error)
    finally:
        os.kill(slow_service.process.pid, signal.SIGCONT)
    with pytest.raises(EngineError, match="stopped or restarted"):
        client.diagnose(sample_case())
    assert EngineClient(slow_service.url, slow_service.token).health().package, "others are not concerned"


def test_a_connection_that_is_made_while_it_is_hung_up_is_of_no_use(
    slow_service: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(slow_service.url, slow_service.token)
    original = Connection._client

    def late(self: Connection) -> object:
        client = original(self)
        self.hang_up()
        return client

    monkeypatch.setattr(Connection, "_client", late)
    with pytest.raises(EngineError, match="stopped or restarted"):
        connection.data("GET", "/v1/health")


def test_closing_is_not_for_good(slow_service: ServiceProcess) -> None:
    client = EngineClient(slow_service.url, slow_service.token)
    client.health()
    client.close()
    assert client.health().package


def test_a_start_that_is_not_wanted_any_more_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raddiag_engine.client.local_service.SERVE", ["-c", "import time; time.sleep(600)"])
    unwanted, before = threading.Event(), set(psutil.Process().children())
    starting = InThread(lambda: LocalService.start(unwanted=unwanted))
    wait_until(lambda: len(set(psutil.Process().children()) - before) == 1)
    [child] = set(psutil.Process().children()) - before
    unwanted.set()
    assert isinstance(starting.end_within(2.0), Cancelled)
    assert is_gone(child.pid)


@pytest.mark.parametrize(
    "said", ["no JSON", f'{{"protocol": {PROTOCOL}}}', "[1]", f'{{"protocol": {PROTOCOL}, "url": "file:///etc"}}']
)
def test_an_announcement_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    program = f"import time; print({said!r}, flush=True); time.sleep(600)"
    monkeypatch.setattr("raddiag_engine.client.local_service.SERVE", ["-c", program])
    before = set(psutil.Process().children())
    with pytest.raises(EngineError, match="does not say its address") as caught:
        LocalService.start()
    assert caught.value.cause == "start"
    assert all(is_gone(child.pid) for child in set(psutil.Process().children()) - before)
