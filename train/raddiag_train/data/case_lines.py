"""Where a case stands: the file and line of a cases.jsonl, for errors that are found once the lines are records.

The files are read once more to say it, which only an error has to wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from raddiag_engine.errors import ConfigError, ReadError
from raddiag_train.data.records import CaseRecord, read_lines


class UnknownDisorder(ConfigError):
    """A case with a disorder that is not in the label space.

    Attributes:
        case_id: Of the case.
    """

    def __init__(self, case_id: str, message: str) -> None:
        self.case_id = case_id
        super().__init__(f"case {case_id}: {message}")


@contextmanager
def case_lines_named(files: Sequence[Path]) -> Iterator[None]:
    """Inside the `with` block, errors about a case or its files say the line of the case as well.

    Args:
        files: cases.jsonl files that the cases come from.

    Raises:
        ConfigError: In place of `UnknownDisorder`, and for a file that is missing.
        ReadError: With the line.
    """
    try:
        yield
    except UnknownDisorder as error:
        case_id = error.case_id
        raise ConfigError(f"{_place(files, lambda record: record.case_id == case_id)}: {error}") from error
    except ReadError as error:
        path, of_cases = error.path, list[str]()

        def has_file(record: CaseRecord) -> bool:
            # A scan may be a folder, and the error of one of its files.
            places = {path, *path.parents}
            found = any(not places.isdisjoint((scan.path, *scan.masks.values())) for scan in record.scans)
            of_cases.extend([record.case_id] if found else [])
            return found

        place = _place(files, has_file)
        if of_cases and not path.exists():
            raise ConfigError(f"{place}: no such file {path} (case {of_cases[0]})") from error
        raise ReadError(path, f"{error.reason}; see {place}") from error


def refuse_divided_patients(records: Sequence[CaseRecord], files: Sequence[Path]) -> None:
    """A patient in two splits makes a model look better than it is.

    Equal numbers of two data sets are two patients.

    Args:
        records: Cases, with or without splits.
        files: cases.jsonl files that they come from.

    Raises:
        ConfigError: Cases of one patient lie in two splits; names their lines.
    """
    first: dict[tuple[str, str], CaseRecord] = {}
    for record in records:
        if record.patient_id and record.split:
            other = first.setdefault((record.source, record.patient_id), record)
            if other.split != record.split:
                here, there = _place(files, record.__eq__), _place(files, other.__eq__)
                raise ConfigError(
                    f"{here}: case {record.case_id} lies in {record.split!r}, but {there}, of the same patient, in "
                    f"{other.split!r}; divide the cases anew with `raddiag data split`{_of_two_files(here, there)}"
                )


def _of_two_files(here: str, there: str) -> str:
    """What else can be meant by one number in two files."""
    if here.rpartition(":")[0] == there.rpartition(":")[0]:
        return ""
    return ', or, if these are two people, give the cases of each file a "source" of their own'


def _place(files: Sequence[Path], is_meant: Callable[[CaseRecord], bool]) -> str:
    """FILE:LINE of the first case that is meant; the files alone where none is."""
    for file in files:
        for number, line in read_lines(file):
            if isinstance(line, CaseRecord) and is_meant(line):
                return f"{file}:{number}"
    return ", ".join(map(str, files))
