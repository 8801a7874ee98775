"""What can be asked of the engine, and what it says while it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from raddiag_engine.cases import Window
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.diagnosis.vocabulary import NamedDisorder, check_vocabulary
from raddiag_engine.errors import RaddiagError
from raddiag_engine.protocol.case_message import CaseMessage
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.version import PROTOCOL, package_version, protocol_mismatch
from raddiag_engine.saliency.methods import Method

JobKind = Literal["diagnose", "explain", "prepare"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
MAX_TOP = 100_000
MAX_DISORDERS = 64


@dataclass(frozen=True)
class JobRequest:
    """One thing to compute.

    Attributes:
        kind: "diagnose" ranks disorders, "explain" maps the evidence for some, "prepare" gives what the network is
            given of one scan.
        case: Of one patient; its voxels are sent before.
        model: A name that the service lists; None for its own choice.
        windows: Scan id -> a window chosen by a person.
        top: Of "diagnose": disorders wanted; all positive ones are given whatever it is.
        vocabulary: Of "diagnose" and "explain": disorders asked for by name, beside the model's own.
        disorders: Of "explain": names on the model card or in the vocabulary.
        method: Of "explain".
        scan: Of "prepare": id of a scan in use.
        protocol: That of the sender.
        package: Its version of napari-raddiag.
    """

    kind: JobKind
    case: CaseMessage
    model: str | None = None
    windows: dict[str, Window] = field(default_factory=dict)
    top: int = 20
    vocabulary: tuple[NamedDisorder, ...] = ()
    disorders: tuple[str, ...] = ()
    method: Method = "gradcam"
    scan: str = ""
    protocol: int = PROTOCOL
    package: str = field(default_factory=package_version)

    def __post_init__(self) -> None:
        if not 0 <= self.top <= MAX_TOP:
            raise ValueError(f"top is from 0 to {MAX_TOP}")
        if self.kind == "explain" and not 1 <= len(self.disorders) <= MAX_DISORDERS:
            raise ValueError(f"explaining takes from 1 to {MAX_DISORDERS} disorders at once")
        try:
            check_vocabulary(self.vocabulary)
        except RaddiagError as error:
            raise ValueError(str(error)) from None
        if not set(self.windows) <= {scan.id for scan in self.case.scans}:
            raise ValueError("windows names a scan that is not in the case")
        if self.kind == "prepare" and self.scan not in {scan.id for scan in self.case.scans if scan.voxels}:
            raise ValueError("preparing takes one scan that is in use")
        if not self.case.voxels:
            raise ValueError("no scan of the case is in use")


@dataclass(frozen=True)
class JobFailure:
    """Why there is no result.

    Attributes:
        cause: The name of an error of this package such as "CaseError"; or "memory", "crash", "system" (a missing
            package, a full disk), "fault" (of the program) or "stopped" (the service ended).
        message: One line for the user, with the remedy; without patient data.
        needed_bytes: Of "memory": what was asked for in vain; None if not known.
        free_bytes: Of "memory": what was left; None if not known.
    """

    cause: str
    message: str
    needed_bytes: int | None = None
    free_bytes: int | None = None


@dataclass(frozen=True)
class JobStatus:
    """How far a job is.

    Attributes:
        id: As its client named it.
        kind: What it computes.
        state: "done", "failed" and "cancelled" are final.
        done: Steps done.
        total: Steps in all; 0 if not known yet.
        what: What is being done.
        ahead: Of a queued job: jobs that come before it.
        failure: Of a failed job.
    """

    id: str
    kind: JobKind
    state: JobState = "queued"
    done: int = 0
    total: int = 0
    what: str = ""
    ahead: int = 0
    failure: JobFailure | None = None

    @property
    def is_final(self) -> bool:
        """True if nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")


def request_to_data(request: JobRequest) -> dict[str, Any]:
    """The request as JSON data."""
    data: dict[str, Any] = to_mapping(request)
    return data


def request_from_data(data: Mapping[str, Any]) -> JobRequest:
    """The inverse of `request_to_data`.

    Raises:
        ProtocolError: It is of another protocol.
        ConfigError: An unknown, missing or wrong part, named.
    """
    mismatch = protocol_mismatch(data.get("protocol"), data.get("package"), "the other end")
    if mismatch is not None:
        raise ProtocolError(f"the request is of protocol {data.get('protocol')!r}, this engine speaks {PROTOCOL}")
    return from_mapping(JobRequest, data)
