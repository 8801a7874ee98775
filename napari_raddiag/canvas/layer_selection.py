"""What a person has selected in napari's layer list, while layers of ours come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def selection_kept(layers: Any) -> Iterator[None]:
    """napari selects what is inserted; a selection that a person made stays."""
    selection = layers.selection
    chosen, active = set(selection), selection.active
    try:
        yield
    finally:
        selection.clear()
        selection.update(chosen)
        if active is not None:
            selection.active = active
            selection.update(chosen)
