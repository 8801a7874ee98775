"""raddiag open: napari on a case."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from raddiag_engine.errors import ReadError


def add_parser(subparsers: Any) -> None:
    """Register `raddiag open`."""
    parser = subparsers.add_parser(
        "open",
        help="napari on a case",
        description="Open one patient's scans in napari, with the RadDiag panel. Research use only.",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders; together one case")
    parser.add_argument("--diagnose", action="store_true", help="diagnose the case as soon as it is open")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window; returns when it is closed."""
    for path in args.paths:
        if not path.exists():
            raise ReadError(path, "is not there; check the path")
    import napari

    from napari_raddiag.window import open_window

    open_window(args.paths, diagnose=args.diagnose)
    napari.run()
    return 0
