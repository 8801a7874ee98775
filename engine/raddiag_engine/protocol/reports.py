"""What a service says of itself, and of what went wrong with a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from raddiag_engine.protocol.version import PROTOCOL, package_version

WorkerState = Literal["starting", "ready", "busy", "down"]
Basis = Literal["warm-up", "jobs"]


@dataclass(frozen=True)
class Health:
    """Whether the engine can work.

    Attributes:
        worker: "starting" while it loads, "ready", "busy" with a job, or "down".
        reason: Why it is down, in one line; None otherwise.
        queued: Jobs that wait.
        queue_length: Most jobs that may wait.
        restarts: How often a worker was replaced since the service started.
        protocol: That of the service.
        package: Its version of napari-raddiag.
    """

    worker: WorkerState
    reason: str | None
    queued: int
    queue_length: int
    restarts: int = 0
    protocol: int = PROTOCOL
    package: str = ""


@dataclass(frozen=True)
class DeviceReport:
    """Where the engine computes; everything is None while it is not known.

    Attributes:
        device: "cpu" or "cuda:0 (its name)", as in a diagnosis.
        precision: Of the encoder: "float32" or "bfloat16".
        name: Of the processor or GPU.
        memory_total_bytes: Of the GPU, or of the machine.
        memory_free_bytes: The same, as last looked at.
        case_seconds: Expected time of a case that was not seen before.
        case_seconds_from: "warm-up": one image and one volume of full depth, measured at the start;
            "jobs": median of the last diagnoses.
    """

    device: str | None = None
    precision: str | None = None
    name: str | None = None
    memory_total_bytes: int | None = None
    memory_free_bytes: int | None = None
    case_seconds: float | None = None
    case_seconds_from: Basis | None = None


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be asked for.

    Attributes:
        name: By which it is asked for.
        origin: "bundled", "pulled", or "launch" for one that the service was started with.
        default: True for the one that is used when none is named.
    """

    name: str
    origin: Literal["bundled", "pulled", "launch"]
    default: bool


@dataclass(frozen=True)
class ModelList:
    """The models of a service."""

    models: tuple[ModelEntry, ...]


@dataclass(frozen=True)
class VoxelReceipt:
    """What became of voxels that were sent.

    Attributes:
        sha256: Their name.
        byte_count: As stored.
        known: True if they were there before.
    """

    sha256: str
    byte_count: int
    known: bool


@dataclass(frozen=True)
class Refusal:
    """Why a request was not carried out.

    Attributes:
        code: For programs, such as "voxels_missing".
        message: One line for people, with the remedy.
        missing: Of "voxels_missing": what to send before asking again.
    """

    code: str
    message: str
    missing: tuple[str, ...] = ()


def health(worker: WorkerState, reason: str | None, queued: int, queue_length: int, restarts: int) -> Health:
    """The health of this installation's service."""
    return Health(worker, reason, queued, queue_length, restarts, PROTOCOL, package_version())
