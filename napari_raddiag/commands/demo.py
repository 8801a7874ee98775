"""raddiag demo: napari on the bundled sample case, diagnosed, with the evidence shown."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from raddiag_engine.commands.engine_arguments import add_engine_arguments
from raddiag_engine.errors import RaddiagError


def add_parser(subparsers: Any) -> None:
    """Register `raddiag demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="napari on the bundled sample case",
        description="Open the bundled sample case, a synthetic patient, in napari, diagnose it and show the evidence.",
    )
    add_engine_arguments(parser)
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="open no window: print the diagnosis and write overlays to DIR"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the window, or write to a folder."""
    if args.output is not None:
        from raddiag_engine.commands.written_demo import write_demo

        write_demo(args.model, args.device, args.output)
        return 0
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise RaddiagError("there is no screen to open a window on; use raddiag demo --output DIR")
    import napari

    from napari_raddiag.preferences import read_preferences
    from napari_raddiag.window import open_window
    from raddiag_resources import path_of

    preferences = replace(read_preferences(), model=args.model, device=args.device, server="")
    open_window([path_of("sample_case")], diagnose=True, preferences=preferences)
    napari.run()
    return 0
