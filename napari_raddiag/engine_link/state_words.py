"""What the engine says of itself, as the line that stands in the panel."""

from __future__ import annotations

from napari_raddiag.data_models.engine_state import EngineKind, EngineState
from raddiag_engine.protocol.reports import DeviceReport, Health

NO_BREAK = "\u00a0"


def state_in_words(health: Health, device: DeviceReport, *, remote: bool) -> EngineState:
    """One lasting line: starting, ready on which device and precision, busy, or down and why."""
    detail = _detail(health, device)
    match health.worker:
        case "starting":
            return EngineState(EngineKind.STARTING, "starting", detail, remote)
        case "down":
            return EngineState(EngineKind.DOWN, f"down: {health.reason or 'no reason given'}", detail, remote)
        case "busy":
            return EngineState(EngineKind.BUSY, f"busy on {_place(device)}{_waiting(health)}", detail, remote)
    return EngineState(EngineKind.READY, f"ready on {_place(device)}{_expectation(device)}", detail, remote)


def _place(device: DeviceReport) -> str:
    if device.device is None:
        return "an unknown device"
    where = "CPU only" if device.device == "cpu" else f"GPU {device.name or device.device}"
    return f"{where}, {device.precision}"


def _expectation(device: DeviceReport) -> str:
    """On a processor a case takes seconds, which is said for good; a GPU's fraction of one is nothing to plan by."""
    if device.device != "cpu" or device.case_seconds is None:
        return ""
    # A guess from other cases gets no more digits than it deserves, and its line never breaks before the unit.
    seconds = f"{device.case_seconds:.0f}" if device.case_seconds >= 1 else f"under{NO_BREAK}1"
    return f": expect {seconds}{NO_BREAK}s a case"


def _waiting(health: Health) -> str:
    return f", {health.queued} waiting" if health.queued else ""


def _detail(health: Health, device: DeviceReport) -> str:
    parts = [f"napari-raddiag {health.package}, protocol {health.protocol}"]
    if device.name:
        parts.append(device.name)
    if device.memory_total_bytes:
        free = f", {device.memory_free_bytes / 1e9:.1f} GB free" if device.memory_free_bytes is not None else ""
        parts.append(f"{device.memory_total_bytes / 1e9:.1f} GB of memory{free}")
    if health.restarts:
        parts.append(f"restarted {health.restarts} times")
    return "; ".join(parts)
