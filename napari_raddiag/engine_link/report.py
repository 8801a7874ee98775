"""What a reader can send to whoever looks after the program: versions, machine and cause; nothing of a patient."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from napari_raddiag.data_models.engine_state import EngineState

PACKAGES = ("napari-raddiag", "napari", "torch", "numpy", "pydicom", "PySide6", "PyQt6")


def report_text(state: EngineState, cause: str = "") -> str:
    """A few lines of plain text.

    Args:
        state: Of the engine.
        cause: What went wrong, in one line without patient data; empty if nothing did.
    """
    lines = [
        f"{platform.system()} {platform.release()} {platform.machine()}, Python {platform.python_version()}",
        ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name))),
        f"engine {state.line}",
    ]
    lines += [state.detail] if state.detail and state.detail not in state.line else []
    lines += [f"cause: {cause}"] if cause else []
    return "\n".join(lines) + "\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
