"""One job at a time, in a worker that is replaced when it dies, hangs or runs out of memory.

A state machine in one thread: everything that happens (a job, a cancel, a word of the worker, the end of a grace) is an
event in one queue, so that no two things happen at once. It knows nothing of HTTP.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import RaddiagError
from raddiag_engine.pipe import Arrays
from raddiag_engine.protocol.job import JobFailure, request_to_data
from raddiag_engine.protocol.maps import maps_to_parts
from raddiag_engine.protocol.prepared_voxels import prepared_to_parts
from raddiag_engine.protocol.reports import DeviceReport, WorkerState
from raddiag_engine.protocol.strict_json import write_object
from raddiag_engine.service.exit_words import EXIT_OUT_OF_MEMORY
from raddiag_engine.service.job import Job, JobResult
from raddiag_engine.service.job_failure import failure_of
from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.memory import out_of_memory_line, system_memory
from raddiag_engine.service.voxel_store import VoxelStore
from raddiag_engine.service.worker_process import Message, WorkerProcess

# A worker that dies so often without finishing a job is not started again before there is one.
DEATHS_IN_A_ROW = 3
STARTING = "starting the engine"
# After these a worker may hold memory, or a GPU context, that is of no use any more.
RECYCLED_AFTER = ("memory", "fault")


@dataclass(frozen=True)
class WorkerReport:
    """The worker as others see it, replaced whole."""

    state: WorkerState = "starting"
    reason: str | None = None
    restarts: int = 0
    pid: int | None = None
    device: DeviceReport = field(default_factory=DeviceReport)


class JobRunner:
    """Runs the jobs of all clients, in the order in which they come.

    Args:
        model_folder: Of the model that a worker loads first.
        device: "auto", "cpu" or "cuda".
        store: Holds the voxels of every job, which are pinned until it ends.
        limits: For the grace after a cancel.
    """

    def __init__(self, model_folder: str, device: str, store: VoxelStore, limits: ServiceLimits) -> None:
        self._start = {"kind": "start", "model_folder": model_folder, "device": device}
        self._store = store
        self._limits = limits
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._number = 0
        self._arrived = False
        self._worker: WorkerProcess | None = None
        self._ready = False
        self._deaths = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="job runner", daemon=True)
        self.report = WorkerReport()

    def start(self) -> None:
        """Start the worker, so that it is warm when the first job comes."""
        self._events.put(self._start_worker)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take a job whose voxels are in the store and pinned."""
        self._events.put(partial(self._submit, job))

    def cancel(self, job: Job) -> None:
        """End a job: at once if it waits, between two chunks if it runs, with its worker after the grace."""
        self._events.put(partial(self._cancel, job))

    def stop(self, wait_seconds: float = 10.0) -> None:
        """End the worker and all jobs; returns when there is no process left."""
        self._events.put(self._stop)
        self._thread.join(wait_seconds)

    def _loop(self) -> None:
        while not self._stopping:
            event = self._events.get()
            try:
                event()
            except Exception as error:  # noqa: BLE001  whatever it is, no other client's job may wait for ever
                self._recover(error)

    def _recover(self, error: Exception) -> None:
        """An event could not be dealt with: the job at work ends with the reason, and the worker is replaced."""
        failure = _own_failure(error)
        job, self._running = self._running, None
        if job is not None:
            with suppress(Exception):  # whatever else is broken, its status is final
                self._finish(job, state="failed", failure=failure)
        self._deaths += 1
        worker, self._worker, self._ready = self._worker, None, False
        if worker is not None:
            worker.end()
        if self._stopping:
            return
        if self._deaths >= DEATHS_IN_A_ROW:
            self._go_down(failure.message, failure.cause)
        else:
            self._start_worker()

    def _submit(self, job: Job) -> None:
        self._waiting.append(job)
        if self._worker is None:
            self._deaths = 0
            self._start_worker()
        self._next()

    def _cancel(self, job: Job) -> None:
        if job.status.is_final or job.cancel_asked:
            return
        job.cancel_asked = True
        if job is not self._running or self._worker is None:
            if job in self._waiting:
                self._waiting.remove(job)
            self._finish(job, state="cancelled")
            self._next()
            return
        job.update(what="cancelling")
        self._worker.send({"kind": "cancel", "job": self._number})
        self._later(self._limits.cancel_grace_seconds, partial(self._kill_if_still_at, job))

    def _kill_if_still_at(self, job: Job) -> None:
        if self._running is job and self._worker is not None:
            self._worker.end()  # its death ends the job

    def _kill_if_still_starting(self, worker: WorkerProcess) -> None:
        if worker is self._worker and not self._ready:
            worker.end()

    def _later(self, seconds: float, event: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, self._events.put, (event,))
        timer.daemon = True
        timer.start()

    def _stop(self) -> None:
        self._stopping = True
        if self._worker is not None:
            self._worker.end()
        for job in [*([self._running] if self._running else []), *self._waiting]:
            self._finish(job, state="failed", failure=JobFailure("stopped", "the engine service was stopped"))

    def _start_worker(self) -> None:
        restarts = self.report.restarts + (self.report.pid is not None)
        self._ready = False
        try:
            self._worker = WorkerProcess(self._start, self._said)
        except (OSError, RuntimeError, MemoryError) as error:  # no process, no thread or no memory to be had
            reason = getattr(error, "strerror", None) or type(error).__name__
            self._go_down(f"the engine's process cannot be started ({reason})", "system")
            return
        self.report = WorkerReport("starting", None, restarts, self._worker.pid)
        self._later(self._limits.start_seconds, partial(self._kill_if_still_starting, self._worker))
        self._tell_waiting()

    def _said(self, worker: WorkerProcess, message: Message, arrays: Arrays) -> None:
        self._events.put(partial(self._hear, worker, message, arrays))

    def _hear(self, worker: WorkerProcess, message: Message, arrays: Arrays) -> None:
        if worker is not self._worker:
            return  # one that was replaced
        if "report" in message:
            self._tell(device=from_mapping(DeviceReport, message["report"]))
        job = self._running if message.get("job") == self._number else None
        self._arrived = self._arrived or job is not None
        match message["kind"]:
            case "ready":
                self._ready = True
                self._tell(state="ready")
                self._next()
            case "start failed":
                failure = from_mapping(JobFailure, message["failure"])
                self._worker = None
                worker.end()
                self._go_down(failure.message, failure.cause)
            case "died":
                self._bury(message["reason"], message["status"])
            case "progress" if job is not None and not job.cancel_asked:
                job.update(done=message["done"], total=message["total"], what=message["what"])
            case "done" | "failed" | "cancelled" if job is not None:
                ended_by = self._conclude(job, message, arrays)
                self._running = None
                self._deaths = 0
                if ended_by is not None and ended_by.cause in RECYCLED_AFTER:
                    worker.end()
                    self._start_worker()
                else:
                    self._tell(state="ready")
                self._next()

    def _conclude(self, job: Job, message: Message, arrays: Arrays) -> JobFailure | None:
        if message["kind"] == "failed":
            failure = from_mapping(JobFailure, message["failure"])
            self._finish(job, state="failed", failure=failure)
            return failure
        if message["kind"] == "done" and not job.cancel_asked:
            job.result = _result(job, message["result"], arrays)
            self._finish(job, state="done")
        else:
            self._finish(job, state="cancelled")
        return None

    def _bury(self, reason: str, status: int) -> None:
        """The worker died: so does its job; the next one gets a new worker."""
        job = self._running
        was_starting = not self._ready
        self._worker = None
        self._deaths += 1
        if job is not None and job.cancel_asked:
            self._deaths = 0
            self._finish(job, state="cancelled")
        elif job is not None and status == EXIT_OUT_OF_MEMORY:
            free = system_memory().free
            line = out_of_memory_line(None, free, on_gpu=False)
            self._finish(job, state="failed", failure=JobFailure("memory", line, None, free))
        elif job is not None and not self._arrived and not job.sent_again:
            job.sent_again = True  # the worker was dead before: that is not the job's fault
            self._waiting.appendleft(job)
            job.update(state="queued", what=STARTING)
        elif job is not None:
            message = f"{reason}; it was started again, try once more, with fewer scans if it happens again"
            self._finish(job, state="failed", failure=JobFailure("crash", message))
        self._running = None
        if was_starting or self._deaths >= DEATHS_IN_A_ROW:
            self._go_down(reason, "crash")
            return
        self._start_worker()
        self._next()

    def _go_down(self, reason: str, cause: str) -> None:
        """No worker can be had: every job ends with the reason, and the next one tries again."""
        self._ready = False
        self._worker = None
        self._tell(state="down", reason=reason)
        while self._waiting:
            self._finish(self._waiting.popleft(), state="failed", failure=JobFailure(cause, reason))

    def _next(self) -> None:
        if self._ready and self._worker is not None and self._running is None and self._waiting:
            self._running = self._waiting.popleft()
            self._order(self._worker, self._running)
        self._tell_waiting()

    def _order(self, worker: WorkerProcess, job: Job) -> None:
        names = frozenset(f"{key.owner}/{key.sha256}" for key in job.voxels)
        arrays = {k.sha256: self._store.voxels(k) for k in job.voxels if f"{k.owner}/{k.sha256}" not in worker.holds}
        # The worker keeps the voxels of one case.
        worker.holds = names
        self._number += 1  # clients name their jobs as they like
        self._arrived = False
        request = request_to_data(job.request)
        message: dict[str, Any] = {"kind": "job", "job": self._number, "request": request}
        job.update(state="running", ahead=0, done=0, total=0, what="preparing scans")
        self._tell(state="busy")
        worker.send({**message, "model_folder": job.model_folder}, arrays)

    def _finish(self, job: Job, **changes: Any) -> None:
        if job.status.is_final:
            return
        try:
            self._store.unpin(job.voxels)
        finally:
            job.update(ahead=0, **changes)

    def _tell(self, **changes: Any) -> None:
        self.report = WorkerReport(**{**vars(self.report), **changes})

    def _tell_waiting(self) -> None:
        before = 0 if self._running is None else 1
        what = "waiting" if self._ready else STARTING
        for position, job in enumerate(self._waiting):
            job.update(ahead=before + position, what=what)


def _own_failure(error: Exception) -> JobFailure:
    """Of this process: out of memory with its numbers, else a fault of the program, even if it has a typed error."""
    failure = from_mapping(JobFailure, failure_of(error))
    if isinstance(error, RaddiagError):
        return JobFailure("fault", f"the engine's process answered what cannot be understood ({error})")
    return failure


def _result(job: Job, data: dict[str, Any], arrays: Arrays) -> JobResult:
    if job.request.kind == "diagnose":
        return JobResult("application/json", (write_object(data),))
    if job.request.kind == "prepare":
        return JobResult("application/octet-stream", tuple(prepared_to_parts(arrays["voxels"])))
    return JobResult("application/octet-stream", tuple(maps_to_parts(data, arrays)))
