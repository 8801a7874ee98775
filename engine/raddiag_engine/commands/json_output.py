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


def write_json(data: Mapping[str, Any], target: str) -> None:
    """Write to the file `target`, or to standard output if it is "-".

    Raises:
        RaddiagError: The file cannot be written.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if target == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    path = Path(target)
    try:
        write_text(path, text)
    except OSError as error:
        raise RaddiagError(f"{path}: cannot be written ({error.strerror}); choose another file") from error
