"""JSON for other programs: to a file, whole or not at all, or to standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import write_text
from raddiag_engine.errors import RaddiagError

STANDARD_OUTPUT = "-"


def check_json_target(target: str | None) -> None:
    """Refuse a target that cannot be written before the work is done, not after.

    Raises:
        RaddiagError: Its folder does not exist, or it is a folder.
    """
    if target in (None, STANDARD_OUTPUT):
        return
    path = Path(str(target))
    if path.is_dir():
        raise RaddiagError(f"{path}: is a folder; name a file for the JSON")
    if not path.parent.is_dir():
        raise RaddiagError(f"{path}: the folder {path.parent} does not exist; create it first")


def json_text(data: Mapping[str, Any], *, ascii_only: bool = False) -> str:
    """The JSON as it stands in a file.

    A lone surrogate, with which Python stands for a byte of a file name that is not UTF-8, has no form in UTF-8; it
    becomes a JSON escape, from which the same name is read again.
    """
    text = json.dumps(data, indent=1, ensure_ascii=ascii_only, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(data: Mapping[str, Any], target: str) -> None:
    """Write to the file `target`, or to standard output if it is "-".

    Raises:
        RaddiagError: The file cannot be written.
    """
    if target == STANDARD_OUTPUT:
        # ASCII, so that it is the same JSON whatever the encoding of the pipe.
        sys.stdout.write(json_text(data, ascii_only=True))
        return
    path = Path(target)
    try:
        write_text(path, json_text(data))
    except OSError as error:
        raise RaddiagError(f"{path}: cannot be written ({error.strerror}); choose another file") from error
