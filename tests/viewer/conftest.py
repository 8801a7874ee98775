"""The viewer's tests run in a real window, on a virtual screen where there is no other."""

from __future__ import annotations

from tests.virtual_display import ensure_display

ensure_display()
