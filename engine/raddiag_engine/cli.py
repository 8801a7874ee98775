"""The command `raddiag`: collects the subcommands of the installed packages and reports errors in one line."""

from __future__ import annotations

import argparse
import io
import sys
from importlib.metadata import entry_points, version

from raddiag_engine.errors import RaddiagError
from raddiag_engine.failure_line import failure_line

COMMAND_GROUP = "raddiag.commands"
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def build_parser() -> argparse.ArgumentParser:
    """The parser with the subcommands that engine, trainer and viewer register through their entry points."""
    parser = argparse.ArgumentParser(
        prog="raddiag",
        description="Multi-scan disease diagnosis on radiology images. Research use only; not for clinical use.",
    )
    parser.add_argument("--version", action="version", version=f"raddiag {version('napari-raddiag')}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for entry_point in sorted(entry_points(group=COMMAND_GROUP), key=lambda e: e.name):
        entry_point.load()(subparsers)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command; bad input is one line on standard error and exit status 2."""
    _escape_what_cannot_be_printed()
    try:
        arguments = build_parser().parse_args(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("raddiag: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # `raddiag ... | head`
        sys.stderr.close()
        return 0
    except (RaddiagError, ImportError, MemoryError, OSError, RuntimeError) as error:
        line = failure_line(error)
        if line is None:
            raise
        print(f"raddiag: {line}", file=sys.stderr)
        return EXIT_BAD_INPUT


def _escape_what_cannot_be_printed() -> None:
    """A file name may hold bytes or letters that the terminal's encoding lacks; they are no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
