"""Which models are on this machine, and where. Free of torch."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from raddiag_engine.errors import ModelError
from raddiag_engine.models.user_folder import user_folder

BUNDLED = {"demo": "demo_model"}
PULLABLE = ("raddiag-5569",)
Origin = Literal["bundled", "pulled"]


@dataclass(frozen=True)
class InstalledModel:
    """A model that can be named on the command line."""

    name: str
    folder: Path
    origin: Origin


def list_models() -> tuple[InstalledModel, ...]:
    """The bundled models, then the pulled ones by name."""
    bundled = [InstalledModel(name, bundled_folder(name), "bundled") for name in BUNDLED]
    pulled_root = user_folder() / "models"
    pulled = sorted(pulled_root.iterdir()) if pulled_root.is_dir() else []
    return (
        *(model for model in bundled if _is_model(model.folder)),
        *(InstalledModel(folder.name, folder, "pulled") for folder in pulled if _is_model(folder)),
    )


def bundled_folder(name: str) -> Path:
    """Where a bundled model lies in this installation."""
    return Path(str(files("raddiag_resources") / BUNDLED[name]))


def pulled_folder(name: str) -> Path:
    """Where a pulled model lies, or will lie."""
    return user_folder() / "models" / name


def find_model(name_or_path: str) -> Path:
    """The folder of a model.

    Args:
        name_or_path: The name of a bundled or pulled model, or the path of a model folder.

    Raises:
        ModelError: There is none of that name, with the nearest names, or the path holds no model.
    """
    installed = {model.name: model.folder for model in list_models()}
    if name_or_path in installed:
        return installed[name_or_path]
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        if _is_model(path):
            return path
        raise ModelError(f"{path}: not a model folder (it has no card.json)")
    if name_or_path in BUNDLED:
        raise ModelError(f"{bundled_folder(name_or_path)}: the bundled model is missing; install napari-raddiag again")
    if name_or_path in PULLABLE:
        raise ModelError(f"{name_or_path} is not on this machine; run: raddiag models pull {name_or_path}")
    raise ModelError(f"no model {name_or_path!r}{suggestion(name_or_path, [*installed, *PULLABLE])}")


def suggestion(name: str, known: list[str]) -> str:
    """The end of a message about an unknown model name."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known are {', '.join(map(repr, known))}, or give the path of a model folder"


def _is_model(folder: Path) -> bool:
    return (folder / "card.json").is_file()
