"""A folder of scans copied without identity, each file parsed in a guarded child process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raddiag_engine.deidentification.choices import Choices
from raddiag_engine.deidentification.pseudonyms import new_salt
from raddiag_engine.deidentification.shown_path import shown_path
from raddiag_engine.errors import ReadError
from raddiag_engine.reading.child_limits import GuardLimits
from raddiag_engine.reading.child_process import ChildProcess
from raddiag_engine.reading.guard import START_SECONDS

WORKER = "raddiag_engine.deidentification.worker"
FEWEST_SLICES_OF_A_FACE = 10
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Refused:
    """A file that was not copied.

    Attributes:
        shown: What a message may call it.
        reason: Why it was not.
    """

    shown: str
    reason: str


@dataclass
class Report:
    """What was done.

    Attributes:
        written: Number of files by the folder of their series.
        refused: Files that were not copied, and why.
        notes: Number of files by what was done to them beside the rule.
        slices: Number of slices that may show a head, by folder.
        names: Words that name somebody in any of the files.
    """

    written: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    slices: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set, repr=False)

    @property
    def faces(self) -> list[str]:
        """Folders of volumes from whose surface a face may be drawn."""
        return sorted(series for series, count in self.slices.items() if count >= FEWEST_SLICES_OF_A_FACE)


def copy_files(
    files: Sequence[Path],
    source: Path,
    output: Path,
    choices: Choices,
    progress: Progress | None = None,
    limits: GuardLimits | None = None,
) -> Report:
    """Copy files without identity.

    Args:
        files: Of any format; those that cannot be copied are reported.
        source: The folder in which they lie.
        output: An empty folder.
        choices: What a person decided.
        progress: Called with (files done, files in all, what is done).
        limits: What the child may use.

    Raises:
        ReadError: The child cannot be started at all.
    """
    report = Report()
    refused: dict[str, Refused] = {}
    salt = new_salt()
    remaining = dict.fromkeys(map(str, files))
    while remaining:
        child = ChildProcess(WORKER, limits or GuardLimits())
        try:
            message, _ = child.next_message(START_SECONDS)
            if message["kind"] != "ready":
                raise ReadError(next(iter(remaining)), f"the copying process does not start ({message['reason']})")
            child.order(
                {
                    "files": list(remaining),
                    "folder": str(Path.cwd()),
                    "input": str(source),
                    "output": str(output.absolute()),
                    "salt": salt.hex(),
                    "regions": [[r.row, r.column, r.height, r.width] for r in choices.regions],
                    "allow_burned_in": choices.allow_burned_in,
                }
            )
            _follow(child, remaining, report, refused, len(files), progress)
        finally:
            child.end()
    # What a child had begun to write when it died.
    for unfinished in output.rglob(".*"):
        unfinished.unlink()
    # Only now all names are known: a file's own path may hold one that another file told.
    for path, line in refused.items():
        shown = line.shown or shown_path(Path(path).relative_to(source), report.names)
        report.refused.append(Refused(shown, line.reason))
    return report


def _follow(
    child: ChildProcess,
    remaining: dict[str, None],
    report: Report,
    refused: dict[str, Refused],
    total: int,
    progress: Progress | None,
) -> None:
    """Hear what the child says until it is done or dead; a death costs the file at work."""
    at = next(iter(remaining))
    while True:
        message, _ = child.next_message()
        match message["kind"]:
            case "started":
                at = message["path"]
                if progress is not None:
                    progress(total - len(remaining), total, "copying")
            case "written":
                remaining.pop(message["path"])
                report.written[message["series"]] += 1
                report.slices[message["series"]] += message["slices"]
                report.names.update(message["names"])
                if message["note"]:
                    report.notes[message["note"]] += 1
            case "refused":
                remaining.pop(message["path"])
                report.names.update(message["names"])
                refused[message["path"]] = Refused("", message["reason"])
            case "finished":
                return
            case "died":
                number = total - len(remaining) + 1
                remaining.pop(at, None)
                # What is in it is not known, and so not whether its name may be said.
                refused[at] = Refused(f"file {number} of {total} by name", message["reason"])
                return
