"""What Qt hands to a table model as a cell's place."""

from __future__ import annotations

from typing import TypeAlias

from qtpy.QtCore import QModelIndex, QPersistentModelIndex

Index: TypeAlias = QModelIndex | QPersistentModelIndex
