"""The child process that parses files: `python -m raddiag_engine.reading.worker`, started by `GuardedReader`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from raddiag_engine.cases import Scan
from raddiag_engine.reading.child_loop import Answers, serve
from raddiag_engine.reading.containers import Inside
from raddiag_engine.reading.limits import GIB
from raddiag_engine.reading.reader import Step, read_files
from raddiag_engine.reading.scan_message import scan_to_message


def main() -> None:
    """Serve jobs until standard input ends."""
    serve(read_job)


def read_job(job: dict[str, Any], answers: Answers) -> None:
    """Read the files of one job: "files", "members" (archive -> paths inside it), "unpack_in".

    Once the scans together exceed the bound, the others are refused, each with a line.
    """
    left = answers.output_bytes

    def found(container: Path | None, files: Sequence[Path]) -> None:
        answers.say({"kind": "found", "container": str(container or ""), "files": [str(path) for path in files]})

    def started(path: Path, step: Step) -> None:
        answers.started(str(path), step)

    members = {Path(archive): {Path(name) for name in names} for archive, names in job["members"].items()}
    inside = Inside(found, members, Path(job["unpack_in"]))
    for item in read_files([Path(name) for name in job["files"]], started, inside):
        if not isinstance(item, Scan):
            answers.say({"kind": "skipped", "path": str(item.path), "reason": item.reason})
            continue
        plain, arrays = scan_to_message(item)
        size = sum(array.nbytes for array in arrays.values())
        if size <= left:
            left -= size
            answers.say({"kind": "scan", "scan": plain}, arrays)
            continue
        reason = (
            f"the scans of this case are over the limit of {answers.output_bytes / GIB:.3g} GiB; read fewer at once"
        )
        for path in item.sources:
            answers.say({"kind": "skipped", "path": str(path), "reason": reason})


if __name__ == "__main__":
    main()
