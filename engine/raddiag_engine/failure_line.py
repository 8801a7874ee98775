"""What the command line says of an error that a user can mend; any other error keeps its traceback."""

from __future__ import annotations

import sys

from raddiag_engine.errors import RaddiagError, one_line

OURS = ("napari_raddiag", "raddiag_train", "raddiag_engine", "raddiag_resources")
# Module -> the extra that installs it; the base install reads files but computes nothing.
EXTRAS = {
    **dict.fromkeys(("torch", "safetensors", "captum", "huggingface_hub", "fastapi", "uvicorn"), "engine"),
    **dict.fromkeys(("monai", "sklearn", "scipy"), "train"),
    "transformers": "knowledge",
    **dict.fromkeys(("napari", "PySide6", "qtpy", "superqt", "magicgui", "matplotlib"), "viewer"),
}
# torch's allocators raise plain RuntimeErrors on the CPU, and for some failures on a GPU.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def failure_line(error: Exception) -> str | None:
    """One line on what is wrong and what to do; None for an error that is a fault of the program."""
    if isinstance(error, RaddiagError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        return _missing_module(error)
    if is_out_of_memory(error):
        return "out of memory; close other programs, give it fewer or smaller scans, or a smaller batch in training"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return one_line(f"{where}{error.strerror or error}; check the path, its rights and free space")
    return None


def _missing_module(error: ModuleNotFoundError) -> str | None:
    module = (error.name or "").partition(".")[0]
    if not module or module in OURS or module in sys.stdlib_module_names:
        return None
    extra = EXTRAS.get(module, "all")
    return f"this needs the Python package {module}, which is not installed; pip install 'napari-raddiag[{extra}]'"


def is_out_of_memory(error: Exception) -> bool:
    """True if memory ran out; told by name and text, as importing torch to know its class would take seconds."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)
