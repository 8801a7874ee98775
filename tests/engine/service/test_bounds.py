"""What the service keeps is bounded: voxels, waiting jobs, results."""

from __future__ import annotations

import json
import secrets
import threading
import time

import numpy as np
import pytest

from raddiag_engine.client import EngineClient, EngineError
from raddiag_engine.client.errors import error_of
from raddiag_engine.protocol.case_message import case_to_message
from raddiag_engine.protocol.job import JobFailure, JobRequest, JobStatus, request_to_data
from raddiag_engine.protocol.strict_json import write_object
from raddiag_engine.protocol.voxels import VoxelNames
from raddiag_engine.service.job import Job, JobResult
from raddiag_engine.service.job_board import JobBoard
from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.voxel_store import NoRoom, VoxelKey, VoxelStore
from tests.engine.service.sample import case_of
from tests.engine.service.service_process import ServiceProcess, wait_until

VOXELS = np.zeros((2, 2), np.uint8)


def key(name: str, owner: str = "one") -> VoxelKey:
    return VoxelKey(owner, name)


def put(store: VoxelStore, name: str, byte_count: int) -> None:
    with store.room(byte_count):
        store.put(key(name), VOXELS, byte_count)


def test_the_voxels_used_longest_ago_go_first() -> None:
    store = VoxelStore(100)
    for name in ("a", "b"):
        put(store, name, 40)
    assert store.missing([key("a")]) == []  # which counts as a use
    put(store, "c", 40)
    assert store.missing([key("a"), key("b"), key("c")]) == [key("b")]
    assert store.byte_count == 80


def test_voxels_that_a_job_needs_stay() -> None:
    store = VoxelStore(100)
    put(store, "a", 60)
    store.pin([key("a")])
    store.pin([key("a")])
    store.unpin([key("a")])
    with pytest.raises(NoRoom):
        put(store, "b", 60)
    assert store.voxels(key("a")) is VOXELS
    store.unpin([key("a")])
    put(store, "b", 60)
    assert store.missing([key("a")]) == [key("a")]


def test_what_is_being_received_counts_and_what_failed_does_not() -> None:
    store = VoxelStore(100)
    with store.room(70):
        assert store.byte_count == 70
        with pytest.raises(NoRoom), store.room(40):
            raise AssertionError("there was no room")
    assert store.byte_count == 0
    with pytest.raises(NoRoom), store.room(101):
        raise AssertionError("there was no room")


def test_knowing_a_hash_is_not_having_the_voxels() -> None:
    store = VoxelStore(100)
    put(store, "a", 10)
    assert store.missing([key("a", "another")]) == [key("a", "another")]


def finished(name: str, byte_count: int = 1, owner: str = "one") -> Job:
    request = JobRequest("diagnose", case_to_message(case_of("x"), VoxelNames().of))
    job = Job(owner, "", request, "", JobStatus(name, "diagnose"), JobResult("x", (bytes(byte_count),)))
    job.update(state="done")
    time.sleep(0.002)  # so that their order is known
    return job


def test_finished_jobs_are_forgotten_by_number_size_and_age() -> None:
    board = JobBoard(ServiceLimits(kept_jobs=3, kept_result_bytes=100, kept_seconds=60))
    jobs = [finished(str(number), 10) for number in range(5)]
    for job in jobs:
        board.add(job)
    board.sweep()
    assert [board.find("one", str(n)) is not None for n in range(5)] == [False, False, True, True, True]
    assert board.find("two", "4") is None, "another client's job is not there"
    board.add(finished("large", 500))
    board.sweep()
    assert board.find("one", "large") is not None, "the newest stays whatever its size"
    assert board.find("one", "4") is None
    old = JobBoard(ServiceLimits(kept_seconds=0.0))
    old.add(jobs[0])
    waiting = Job("one", "", jobs[0].request, "", JobStatus("waiting", "diagnose"))
    old.add(waiting)
    old.sweep()
    assert (old.find("one", "0"), old.find("one", "waiting")) == (None, waiting)


def test_a_final_status_never_changes() -> None:
    job = finished("a")
    seen: list[str] = []
    with job.listening(lambda: seen.append(job.status.state)):
        job.update(state="running")
    assert (job.status.state, seen) == ("done", [])


def test_a_full_queue_refuses_in_words_and_says_when_to_come_back(faulty_service: ServiceProcess) -> None:
    names = ("slow", "second", "third")
    clients = [EngineClient(faulty_service.url, faulty_service.token) for _ in names]
    stop, errors = threading.Event(), []

    def ask(client: EngineClient, name: str) -> None:
        try:
            client.diagnose(case_of(name), cancelled=stop.is_set)
        except Exception as error:  # noqa: BLE001  the test judges it
            errors.append(type(error).__name__)

    threads = [threading.Thread(target=ask, args=pair) for pair in zip(clients, names, strict=True)]
    threads[0].start()
    wait_until(lambda: faulty_service.client.health().worker == "busy")
    for thread in threads[1:]:
        thread.start()
    wait_until(lambda: faulty_service.client.health().queued == 2)
    with pytest.raises(EngineError, match="2 cases wait for the engine already") as caught:
        faulty_service.client.diagnose(case_of("fourth"))
    assert caught.value.cause == "full"
    body = write_object(request_to_data(JobRequest("diagnose", case_to_message(case_of("fifth"), VoxelNames().of))))
    with faulty_service.http() as http:
        response = http.put(f"/v1/jobs/{secrets.token_hex(8)}", content=body)
    assert (response.status_code, response.headers["retry-after"]) == (429, "5")
    assert json.loads(response.content)["code"] == "queue_full"
    stop.set()
    for thread in threads:
        thread.join(30)
    assert errors == ["Cancelled"] * 3
    assert faulty_service.client.health().queued == 0
    assert faulty_service.client.diagnose(case_of("fourth")).case_hash == case_of("fourth").hash


def test_old_voxels_make_room_for_new_ones(faulty_service: ServiceProcess) -> None:
    """The store holds 40 kB and a scan has 2 kB: 30 cases pass through it."""
    for number in range(30):
        faulty_service.client.diagnose(case_of(f"number {number}"))
    assert faulty_service.client.diagnose(case_of("number 0")).scans[0].used


@pytest.mark.parametrize(
    ("cause", "kind", "name"),
    [("CaseError", None, "CaseError"), ("memory", "memory", "EngineError"), ("odd", "fault", "EngineError")],
)
def test_a_failure_becomes_the_error_it_was(cause: str, kind: str | None, name: str) -> None:
    error = error_of(JobFailure(cause, "why", 10, 5))
    assert (type(error).__name__, str(error)) == (name, "why")
    assert getattr(error, "cause", None) == kind
    if kind == "memory":
        assert isinstance(error, EngineError)
        assert (error.needed_bytes, error.free_bytes) == (10, 5)
