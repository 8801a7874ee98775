"""A napari window for each test, with what a test of the canvas needs."""

from __future__ import annotations

import ctypes
import sys

if sys.version_info < (3, 12):
    # PySide6 6.12.0 returns None without a reference to it from every Qt function that returns nothing. Before Python
    # 3.12 made None immortal, that ends the process after some thousand calls ("deallocating None").
    ctypes.c_ssize_t.from_address(id(None)).value += 1 << 40
