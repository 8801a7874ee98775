"""What ships as data: vocabularies, codes, window presets, the demo model."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def path_of(name: str) -> Path:
    """The file or folder of this package called `name`, such as "window_presets.toml"; it may not exist."""
    return Path(str(files(__name__))).joinpath(name)
