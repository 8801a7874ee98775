"""One scan of a record, read as the record says what it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from raddiag_engine.cases import Scan
from raddiag_engine.errors import ReadError
from raddiag_train.data.records import CaseRecord, ScanRecord


class UnusableScan(ReadError):
    """A file whose scans can be read but are not for a network, such as a localizer or a secondary capture."""

    def __reduce__(self) -> tuple[type[UnusableScan], tuple[str, str]]:
        # Processes that prepare send it back.
        return UnusableScan, (str(self.path), self.reason)


def read_scan(record: CaseRecord, scan: ScanRecord) -> Scan:
    """The scan that one line of a record names, as what the record says it is.

    A file or folder may hold others that are not for a network, such as a localizer, or the tilted original of a
    straightened copy.

    Raises:
        UnusableScan: The file holds scans, but the reader advises against each of them.
        ReadError: The file is missing or unreadable, or holds no scan or several.
    """
    from raddiag_engine.reading import read_file

    if not scan.path.exists():
        raise ReadError(scan.path, f"no such file (case {record.case_id})")
    found = _read_folder(scan.path) if scan.path.is_dir() else read_file(scan.path)
    usable = [one for one in found if one.usable]
    if found and not usable:
        reasons = "; ".join(dict.fromkeys(one.reason or "not usable" for one in found))
        raise UnusableScan(scan.path, f"{reasons} (case {record.case_id})")
    if len(usable) != 1:
        raise ReadError(
            scan.path, f"holds {len(usable)} scans; name a file or folder of one scan (case {record.case_id})"
        )
    return replace(usable[0].with_modality(scan.modality, record.anatomy_of(scan)), plane=scan.plane)


def _read_folder(folder: Path) -> list[Scan]:
    """The scans of a folder of DICOM files; a file that cannot be read may be a slice, so it is not passed over."""
    from raddiag_engine.reading.reader import read_files

    found = list(read_files([path for path in folder.rglob("*") if path.is_file()]))
    for unread in found:
        if not isinstance(unread, Scan):
            raise ReadError(unread.path, f"{unread.reason}; repair it or take it out of the folder")
    return [scan for scan in found if isinstance(scan, Scan)]
