"""The open images beside a developer's checkout; tests that need them are skipped elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1].parent / "shared"


def shared_data(*parts: str) -> Path:
    """The file or folder under shared/data; skips the test, with the reason, where it is absent."""
    path = ROOT.joinpath("data", *parts)
    if not path.exists():
        pytest.skip(f"needs the open images in {path}, which are not part of the repository")
    return path
