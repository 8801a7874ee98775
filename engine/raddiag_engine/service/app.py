"""The routes of the service. Free of torch; who may ask is the gate's business, how jobs are run the runner's."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import Response

from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.job import JobStatus, request_from_data
from raddiag_engine.protocol.reports import DeviceReport, Health, ModelList, VoxelReceipt, health
from raddiag_engine.protocol.strict_json import read_object, write_object
from raddiag_engine.protocol.version import package_version
from raddiag_engine.protocol.voxels import MAX_HEADER_BYTES, SHA256, voxels_from_bytes
from raddiag_engine.service.api_schema import SAFETENSORS, body_of, diagnosis_schema, refusals, request_schema
from raddiag_engine.service.body import announced_length, read_body
from raddiag_engine.service.job import Job
from raddiag_engine.service.job_board import JobBoard
from raddiag_engine.service.job_runner import JobRunner
from raddiag_engine.service.limits import ServiceLimits
from raddiag_engine.service.memory import system_memory
from raddiag_engine.service.offered_models import OfferedModels
from raddiag_engine.service.replies import HEADERS, PartsReply, Refused, json_reply, refusal_reply
from raddiag_engine.service.voxel_store import NoRoom, VoxelKey, VoxelStore

JOB_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
SLOWEST_HEARTBEAT_MS, FASTEST_HEARTBEAT_MS = 10_000, 20
VOXELS_PATH = "/v1/voxels/"


class Service:
    """What the routes work with.

    Args:
        models: What is offered.
        runner: Not started yet.
        store: Of voxels, the runner's too.
        limits: On clients.
    """

    def __init__(self, models: OfferedModels, runner: JobRunner, store: VoxelStore, limits: ServiceLimits) -> None:
        self.models = models
        self.runner = runner
        self.store = store
        self.limits = limits
        self.board = JobBoard(limits)
        self.stopping = False

    def max_body_bytes(self, path: str) -> int:
        """Largest body that is taken at a path."""
        if path.startswith(VOXELS_PATH):
            return self.limits.scan_bytes + MAX_HEADER_BYTES
        return self.limits.request_bytes if path.startswith("/v1/jobs/") else 0


def build_app(service: Service) -> FastAPI:
    """The application with all its routes."""
    app = FastAPI(
        title="RadDiag engine",
        version=package_version(),
        description="Multi-scan disease diagnosis on radiology images. Research use only; not for clinical use.",
        docs_url=None,
        redoc_url=None,
        dependencies=[Security(HTTPBearer(auto_error=False, description="The token of the launch, or a named one."))],
    )
    app.state.service = service
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RaddiagError, _typed_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _wrong_query)
    app.add_exception_handler(Exception, _fault)
    _add_reports(app, service)
    _add_voxels(app, service)
    _add_jobs(app, service)
    return app


def _add_reports(app: FastAPI, service: Service) -> None:
    @app.get("/v1/health", response_model=Health, responses=refusals(), tags=["service"])
    async def read_health() -> Response:
        """Whether the engine can work, and which protocol it speaks."""
        report = service.runner.report
        queued, length = service.board.queued, service.limits.queued_jobs
        return json_reply(health(report.state, report.reason, queued, length, report.restarts))

    @app.get("/v1/device", response_model=DeviceReport, responses=refusals(), tags=["service"])
    async def read_device() -> Response:
        """Where the engine computes, and how long a case is expected to take."""
        device = service.runner.report.device
        if device.device == "cpu":
            device = replace(device, memory_free_bytes=system_memory().free)
        return json_reply(device)

    @app.get("/v1/models", response_model=ModelList, responses=refusals(), tags=["models"])
    async def list_models() -> Response:
        """The models that can be asked for, the default first."""
        return json_reply(ModelList(service.models.entries()))

    @app.get(
        "/v1/models/{name}/card", response_model=ModelCard, responses=refusals(s404="No such model."), tags=["models"]
    )
    async def read_card(name: str) -> Response:
        """What a model is, was trained on, and is not for."""
        return json_reply(service.models.card(name))


def _add_voxels(app: FastAPI, service: Service) -> None:
    @app.put(
        VOXELS_PATH + "{sha256}",
        response_model=VoxelReceipt,
        openapi_extra=body_of("application/octet-stream", SAFETENSORS["application/octet-stream"]["schema"]),
        responses=refusals(
            s400="Not the voxels of that name, or not voxels.",
            s408="The body came too slowly.",
            s411="No length was said.",
            s413="One scan is too large.",
            s507="No room beside the cases that wait.",
        ),
        tags=["jobs"],
    )
    async def put_voxels(sha256: str, request: Request) -> Response:
        """Send the voxels of one scan: a safetensors file with one array, "voxels", under its own SHA-256."""
        if not SHA256.fullmatch(sha256):
            raise Refused(400, "wrong_name", "voxels are named by the 64 lower-case hex digits of their SHA-256")
        key = VoxelKey(request.state.owner, sha256)
        try:
            with service.store.room(announced_length(request)):
                body = await read_body(request, service.limits)
                if body.sha256 != sha256:
                    raise Refused(400, "wrong_name", "the voxels are not those of the SHA-256 they are named by")
                voxels = voxels_from_bytes(body.data)
                known = not service.store.missing([key])
                service.store.put(key, voxels, len(body.data))
        except NoRoom:
            raise Refused(507, "no_room", "the engine's memory is full of cases that wait; try again later") from None
        return json_reply(VoxelReceipt(sha256, len(body.data), known), 200 if known else 201)


def _add_jobs(app: FastAPI, service: Service) -> None:
    missing = refusals(s404="No such job.")

    def found(request: Request, job_id: str) -> Job:
        job = service.board.find(request.state.owner, job_id)
        if job is None:
            raise Refused(404, "no_job", "there is no such job; it may be done and forgotten: ask again")
        return job

    @app.put(
        "/v1/jobs/{job_id}",
        response_model=JobStatus,
        openapi_extra=body_of("application/json", request_schema()),
        responses={
            201: {"model": JobStatus, "description": "A new job."},
            **refusals(
                s400="Not JSON, or another protocol.",
                s404="No such model.",
                s408="The body came too slowly.",
                s409="Voxels are missing, which `missing` names, or another job has this id.",
                s411="No length was said.",
                s413="The request or the case is too large.",
                s422="A part of the request is wrong.",
                s429="The queue is full.",
            ),
        },
        tags=["jobs"],
    )
    async def put_job(job_id: str, request: Request) -> Response:
        """Ask for a diagnosis, saliency maps or a prepared scan; the same request under the same id is the same job."""
        if not JOB_ID.fullmatch(job_id):
            raise Refused(400, "wrong_name", "a job is named by 8 to 64 letters, digits, - and _")
        body = await read_body(request, service.limits)
        owner, digest = request.state.owner, hashlib.sha256(body.data).hexdigest()
        known = service.board.find(owner, job_id)
        if known is not None:
            if known.digest != digest:
                raise Refused(409, "job_exists", "another job has this id; take a new one")
            return json_reply(known.status)
        return json_reply(_accept(service, owner, job_id, digest, body.data).status, 201)

    @app.get("/v1/jobs/{job_id}", response_model=JobStatus, responses=missing, tags=["jobs"])
    async def read_job(job_id: str, request: Request) -> Response:
        """How far a job is."""
        return json_reply(found(request, job_id).status)

    @app.get(
        "/v1/jobs/{job_id}/events",
        response_class=StreamingResponse,
        responses={200: {"description": "Lines of JSON.", "content": {"application/x-ndjson": {}}}, **missing},
        tags=["jobs"],
    )
    async def follow_job(
        job_id: str,
        request: Request,
        heartbeat_ms: Annotated[int, Query(ge=FASTEST_HEARTBEAT_MS, le=SLOWEST_HEARTBEAT_MS)] = 1000,
    ) -> Response:
        """A line with the status after every change until it is final, and an empty line in quiet times."""
        lines = _status_lines(service, found(request, job_id), heartbeat_ms / 1000)
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=HEADERS)

    @app.get(
        "/v1/jobs/{job_id}/result",
        responses={
            200: {
                "description": "The diagnosis as JSON, or saliency maps as a safetensors file: 16-bit fixed point, "
                "1 is 65535; its metadata `maps` is JSON that describes each map. Of a scan that was prepared, its "
                "float32 voxels as the network is given them.",
                "content": {"application/json": {"schema": diagnosis_schema()}, **SAFETENSORS},
            },
            **refusals(s404="No such job.", s409="The job is not done."),
        },
        tags=["jobs"],
    )
    async def read_result(job_id: str, request: Request) -> Any:
        """The result of a job that is done."""
        job = found(request, job_id)
        if job.result is None or job.status.state != "done":
            raise Refused(409, "not_done", f"there is no result; the job is {job.status.state}")
        return _PartsResponse(job.result.media_type, job.result.parts)

    @app.post("/v1/jobs/{job_id}/cancel", status_code=202, response_model=JobStatus, responses=missing, tags=["jobs"])
    async def cancel_job(job_id: str, request: Request) -> Response:
        """End a job: at once while it waits, else between two chunks, at the latest after the grace."""
        job = found(request, job_id)
        service.runner.cancel(job)
        return json_reply(job.status, 202)

    @app.delete(
        "/v1/jobs/{job_id}",
        status_code=204,
        responses=refusals(s404="No such job.", s409="The job is not finished."),
        tags=["jobs"],
    )
    async def forget_job(job_id: str, request: Request) -> Response:
        """Forget a finished job and its result."""
        job = found(request, job_id)
        if not job.status.is_final:
            raise Refused(409, "not_finished", "the job is not finished; cancel it first")
        service.board.forget(job)
        return Response(status_code=204, headers=HEADERS)


def _accept(service: Service, owner: str, job_id: str, digest: str, data: bytearray) -> Job:
    """Check a new job, and give it to the runner."""
    job_request = request_from_data(read_object(data))
    case = job_request.case
    sizes = [scan.byte_count for scan in case.scans if scan.voxels is not None]
    if max(sizes) > service.limits.scan_bytes or sum(sizes) > service.limits.store_bytes:
        raise Refused(
            413, "too_large", f"the scans in use are too large for this engine ({sum(sizes) / 1e9:.1f} GB); use fewer"
        )
    folder = service.models.folder(job_request.model)
    if service.board.queued >= service.limits.queued_jobs:
        raise Refused(
            429, "queue_full", f"{service.limits.queued_jobs} cases wait for the engine already; try again later"
        )
    keys = [VoxelKey(owner, name) for name in case.voxels]
    missing = [key.sha256 for key in service.store.missing(keys)]
    if missing:
        raise Refused(409, "voxels_missing", "send the voxels first, then ask again", missing)
    service.store.pin(keys)
    job = Job(owner, digest, job_request, str(folder), JobStatus(job_id, job_request.kind))
    service.board.sweep()
    service.board.add(job)
    service.runner.submit(job)
    return job


async def _status_lines(service: Service, job: Job, heartbeat_seconds: float) -> AsyncIterator[bytes]:
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    told: JobStatus | None = None
    with job.listening(lambda: loop.call_soon_threadsafe(changed.set)):
        while not service.stopping:
            changed.clear()
            status = job.status
            yield b"\n" if status == told else write_object(to_mapping(status)) + b"\n"
            told = status
            if status.is_final:
                return
            try:
                async with asyncio.timeout(heartbeat_seconds):
                    await changed.wait()
            except TimeoutError:
                continue


class _PartsResponse(Response):
    """`PartsReply` where the framework wants a response."""

    def __init__(self, media_type: str, parts: Any) -> None:
        super().__init__(media_type=media_type)
        self._reply = PartsReply(media_type, parts)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._reply(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal_reply(error)


async def _typed_error(request: Request, error: Exception) -> Response:
    status = 400 if isinstance(error, ProtocolError) else 422 if isinstance(error, ConfigError) else 500
    return refusal_reply(Refused(status, type(error).__name__, str(error)))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusal_reply(Refused(error.status_code, "no_route", f"{error.detail}; /openapi.json lists what there is"))


async def _wrong_query(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return refusal_reply(Refused(422, "wrong_query", f"{first['loc'][-1]}: {first['msg']}"))


async def _fault(request: Request, error: Exception) -> Response:
    """A fault of the program: its place is said, not its message, which may quote what it worked on."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = f"a fault of the engine service ({type(error).__name__} at {Path(last.filename).name}:{last.lineno})"
    print(f"raddiag serve: {line}", file=sys.stderr)
    return refusal_reply(Refused(500, "fault", f"{line}; please report it"))
