"""The engine through its service: the same diagnosis and the same maps as in this process, without torch in it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from raddiag_engine.cases import Case, Window
from raddiag_engine.client.cancellable_call import Progress, Steps, call_cancellably
from raddiag_engine.client.connection import Connection, RefusedRequest
from raddiag_engine.client.errors import EngineError, error_of
from raddiag_engine.configuration import from_mapping
from raddiag_engine.diagnosis.case_check import check_case
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import Cancelled, ConfigError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.preparation import PreparedScan, modality_ids, plan_scan
from raddiag_engine.protocol.case_message import case_to_message
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.job import JobRequest, JobStatus, request_to_data
from raddiag_engine.protocol.maps import maps_from_bytes
from raddiag_engine.protocol.prepared_voxels import prepared_from_bytes
from raddiag_engine.protocol.reports import DeviceReport, Health, ModelEntry, ModelList
from raddiag_engine.protocol.strict_json import read_object, write_object
from raddiag_engine.protocol.tensors import Part
from raddiag_engine.protocol.voxels import VoxelNames, voxels_to_parts
from raddiag_engine.saliency.saliency_map import SaliencyMap

T = TypeVar("T")

# How often a call that was given up notices while the engine is silent.
HEARTBEAT_MS = 50
# For a last word after which nobody waits for the service.
LAST_WORD_SECONDS = 2.0
CHUNK_BYTES = 1024 * 1024
# Voxels may be pushed out by another client's before the job is taken.
UPLOAD_ROUNDS = 3
SENDING = "sending scans (MB)"


class EngineClient:
    """An engine in another process, on this machine or elsewhere; safe from several threads, every call blocks.

    What is sent of a case are voxels, modality and geometry; identity, file names and dates stay here.

    Args:
        url: Of the service.
        token: Of its launch, or a named one.
        ca_file: Certificates to trust, PEM; None for those of the system.
        timeout_seconds: Of silence, after which the service counts as down.

    Raises:
        ConfigError: The URL is none, or would send scans unencrypted to another machine.
    """

    def __init__(self, url: str, token: str, *, ca_file: Path | None = None, timeout_seconds: float = 30.0) -> None:
        self._connection = Connection(url, token, ca_file=ca_file, timeout_seconds=timeout_seconds)
        self._names = VoxelNames()
        self._sending = threading.Lock()
        self._sent_ahead: set[str] = set()

    @property
    def url(self) -> str:
        """Of the service."""
        return self._connection.url

    def close(self) -> None:
        """Close the sockets; they are opened again when they are needed."""
        self._connection.close()

    def hang_up(self) -> None:
        """Close for good, from any thread: what is under way and what is asked later fails with `EngineError`."""
        self._connection.hang_up()

    def health(self) -> Health:
        """Whether the engine can work: its worker is starting, ready, busy or down, and why.

        Raises:
            EngineError: The service cannot be reached, refuses the token, or speaks another protocol.
        """
        return self._get(Health, "/v1/health")

    def device(self) -> DeviceReport:
        """Where the engine computes, and how long a case is expected to take; errors are those of `health`."""
        return self._get(DeviceReport, "/v1/device")

    def models(self) -> tuple[ModelEntry, ...]:
        """The models that can be asked for, the default first; errors are those of `health`."""
        return self._get(ModelList, "/v1/models").models

    def card(self, model: str) -> ModelCard:
        """The card of a model.

        Raises:
            EngineError: As of `health`, or there is no such model.
        """
        return self._get(ModelCard, f"/v1/models/{quote(model, safe='')}/card")

    def send(
        self, case: Case, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> None:
        """Send the voxels of the scans in use ahead of the first question about them, which then need not wait.

        What was sent ahead before is not sent again; should the service have dropped it, the question sends it. A
        question that comes meanwhile waits for the end of the sending and sends nothing twice.

        Args:
            case: Of one patient.
            progress: As of `diagnose`.
            cancelled: As of `diagnose`.

        The errors are those of `diagnose`.
        """
        check_case(case)

        def work(steps: Steps) -> None:
            with self._one_at_a_time(steps):
                names = []
                for scan in case.used:
                    steps.check()
                    names.append(self._names.of(scan.voxels))
                for name in dict.fromkeys(names):
                    if name not in self._sent_ahead:
                        self._upload(case, [name], steps)
                        self._sent_ahead.add(name)

        call_cancellably(work, progress, cancelled)

    def diagnose(
        self,
        case: Case,
        *,
        model: str | None = None,
        windows: Mapping[str, Window] | None = None,
        top: int = 20,
        vocabulary: Sequence[NamedDisorder] = (),
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Diagnosis:
        """Rank the disorders of a case, as `Engine.set_case` and `Engine.diagnose` do.

        Args:
            case: Of one patient.
            model: Its name; None for the service's default.
            windows: Scan id -> a window chosen by a person instead of the prescribed one.
            top: Disorders wanted; all positive ones are given whatever it is.
            vocabulary: Disorders asked for by name, beside the model's own, as of `Engine.set_vocabulary`.
            progress: Called with steps done, steps to do (0 if not known) and what is being done.
            cancelled: Asked at every step and about every 50 ms between.

        Raises:
            CaseError: No usable scan, or scans of two patients; nothing was sent then.
            EngineError: The service or its worker is down, full, or failed; it says why.
            Cancelled: `cancelled` said so; the service was told, if it answers, but not waited for if it hangs.
        """
        request = self._request(
            case, windows, progress, cancelled, kind="diagnose", model=model, top=top, vocabulary=tuple(vocabulary)
        )
        content = call_cancellably(lambda steps: self._run(case, request, steps), progress, cancelled)
        diagnosis = self._understood(lambda: Diagnosis.from_mapping(read_object(content)))
        self._check_bound(case, diagnosis.case_hash)
        return diagnosis

    def explain(
        self,
        case: Case,
        disorders: Sequence[str],
        method: str = "gradcam",
        *,
        model: str | None = None,
        windows: Mapping[str, Window] | None = None,
        vocabulary: Sequence[NamedDisorder] = (),
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[list[SaliencyMap]]:
        """Where in each scan in use the evidence for disorders lies, as `Engine.explain_many` does.

        The values travel as 16-bit fixed point (error under 1.6e-5) and are float32 here.

        Args:
            case: Of one patient; the engine knows its scans already if it diagnosed them last.
            disorders: Names on the model card or in the vocabulary.
            method: Of `raddiag_engine.saliency.methods`.
            model: Its name; None for the service's default.
            windows: As of `diagnose`.
            vocabulary: As of `diagnose`.
            progress: As of `diagnose`.
            cancelled: As of `diagnose`.

        Returns:
            For each disorder one map per scan in use.

        Raises:
            RaddiagError: The model has no such disorder (the nearest are suggested), or there is no such method.

        The others are those of `diagnose`.
        """
        request = self._request(
            case,
            windows,
            progress,
            cancelled,
            kind="explain",
            model=model,
            disorders=tuple(disorders),
            vocabulary=tuple(vocabulary),
            method=method,
        )
        content = call_cancellably(lambda steps: self._run(case, request, steps), progress, cancelled)
        maps = self._understood(lambda: maps_from_bytes(content))
        for of_disorder in maps:
            for saliency in of_disorder:
                self._check_bound(case, saliency.case_hash)
        return maps

    def prepare(
        self,
        case: Case,
        scan_id: str,
        *,
        model: str | None = None,
        windows: Mapping[str, Window] | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> PreparedScan:
        """What the network is given of one scan, whether or not the scan is in use.

        Args:
            case: Of one patient.
            scan_id: Of a scan of the case.
            model: As of `diagnose`.
            windows: As of `diagnose`.
            progress: As of `diagnose`.
            cancelled: As of `diagnose`.

        The errors are those of `diagnose`.
        """
        card = call_cancellably(lambda _steps: self.card(model or self._default_model()), progress, cancelled)
        scan = case.scan(scan_id)
        shown = case if case.is_used(scan) else case.using(frozenset({scan_id}))
        request = self._request(shown, windows, progress, cancelled, kind="prepare", model=model, scan=scan_id)
        content = call_cancellably(lambda steps: self._run(shown, request, steps), progress, cancelled)
        voxels = self._understood(lambda: prepared_from_bytes(content))
        [modality_id] = modality_ids([scan.modality], card.preparation)
        plan = plan_scan(scan, card.preparation, (windows or {}).get(scan_id))
        return PreparedScan(scan_id, voxels, scan.is_volume, modality_id, plan)

    def _default_model(self) -> str:
        return next(entry.name for entry in self.models() if entry.default)

    def _request(
        self,
        case: Case,
        windows: Mapping[str, Window] | None,
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
        **what: Any,
    ) -> JobRequest:
        check_case(case)
        used = case.used
        for done, scan in enumerate(used):
            _step(progress, cancelled, done, len(used), "checking scans")
            self._names.of(scan.voxels)
        chosen = {scan.id: windows[scan.id] for scan in used if windows and scan.id in windows}
        try:
            return JobRequest(case=case_to_message(case, self._names.of), windows=chosen, **what)
        except ValueError as error:
            raise ConfigError(str(error)) from error

    def _run(self, case: Case, request: JobRequest, steps: Steps) -> bytes:
        """Ask, send what is missing, follow, and fetch the result; what is not fetched is cancelled."""
        path = f"/v1/jobs/{secrets.token_hex(16)}"
        body = write_object(request_to_data(request))
        fetched = False
        try:
            self._submit(path, body, case, steps)
            self._follow(path, steps)
            content = self._connection.content("GET", f"{path}/result")
            fetched = True
            return content
        finally:
            # The service need neither work for nobody nor keep a patient's result for longer than it must.
            method, end = ("DELETE", path) if fetched else ("POST", f"{path}/cancel")
            with suppress(EngineError):
                self._connection.content(method, end, timeout_seconds=LAST_WORD_SECONDS)

    def _submit(self, path: str, body: bytes, case: Case, steps: Steps) -> None:
        for _ in range(UPLOAD_ROUNDS):
            steps.tell(0, 0, "asking the engine")
            try:
                self._connection.data("PUT", path, body=body)
                return
            except RefusedRequest as refused:
                if refused.refusal.code != "voxels_missing":
                    raise
                self._send(case, refused.refusal.missing, steps)
        raise EngineError("the engine's memory is full of other cases; try again later", "full")

    def _send(self, case: Case, names: Sequence[str], steps: Steps) -> None:
        """Send what is missing; nothing if something was being sent, as it may have been just that."""
        with self._one_at_a_time(steps) as waited:
            if not waited:
                self._upload(case, names, steps)

    @contextmanager
    def _one_at_a_time(self, steps: Steps) -> Iterator[bool]:
        """While voxels are sent; gives True if others had to be waited for."""
        waited = False
        while not self._sending.acquire(timeout=HEARTBEAT_MS / 1000):
            waited = True
            steps.tell(0, 0, "sending scans")
        try:
            yield waited
        finally:
            self._sending.release()

    def _upload(self, case: Case, names: Sequence[str], steps: Steps) -> None:
        by_name = {self._names.of(scan.voxels): voxels_to_parts(scan.voxels) for scan in case.used}
        total = sum(len(part) for name in names for part in by_name[name])
        sent = 0

        def chunks(parts: Sequence[Part]) -> Iterator[bytes]:
            nonlocal sent
            for part in parts:
                for start in range(0, len(part), CHUNK_BYTES):
                    steps.tell(sent // 10**6, -(-total // 10**6), SENDING)
                    chunk = bytes(part[start : start + CHUNK_BYTES])
                    sent += len(chunk)
                    yield chunk

        for name in names:
            parts = by_name[name]
            length = sum(len(part) for part in parts)
            self._connection.data("PUT", f"/v1/voxels/{name}", body=chunks(parts), length=length)

    def _follow(self, path: str, steps: Steps) -> None:
        """Tell of progress until the job is done."""
        status: JobStatus | None = None
        for data in self._connection.lines(f"{path}/events?heartbeat_ms={HEARTBEAT_MS}"):
            if data is None:
                steps.check()
                continue
            status = self._understood(lambda data=data: from_mapping(JobStatus, data))  # type: ignore[misc]
            if status.state == "done":
                return
            if status.state == "cancelled":
                raise Cancelled
            if status.failure is not None:
                raise error_of(status.failure)
            what = status.what if not status.ahead else f"{status.what}, {status.ahead} before this case"
            steps.tell(status.done, status.total, what)
        raise EngineError(f"the engine at {self.url} was stopped before the case was done", "down")

    def _get(self, cls: type[T], path: str) -> T:
        data = self._connection.data("GET", path)
        return self._understood(lambda: from_mapping(cls, data))

    def _understood(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (ConfigError, ProtocolError) as error:
            raise EngineError(
                f"the engine at {self.url} answers what this program does not understand ({error})", "version"
            ) from error

    def _check_bound(self, case: Case, case_hash: str) -> None:
        if case_hash != case.hash:
            raise EngineError("the engine answered for another case; its result is not shown", "fault")


def _step(progress: Progress | None, cancelled: Callable[[], bool] | None, done: int, total: int, what: str) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled
    if progress is not None:
        progress(done, total, what)
