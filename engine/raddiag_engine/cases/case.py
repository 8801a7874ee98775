"""One patient's scans, the unit of diagnosis."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from raddiag_engine.cases.identity import patient_keys
from raddiag_engine.cases.scan import Scan
from raddiag_engine.cases.warning import WarningCode
from raddiag_engine.errors import CaseError

NOBODY_NAMED = "the file does not say whose scan this is; make sure that it belongs to this case"
NOBODY_AMONG_SEVERAL = (
    "does not say whose scan it is, and the files are of several patients; "
    "give it together with the files of one patient to have it used"
)


@dataclass(frozen=True)
class Skipped:
    """A file that is not part of any scan, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, eq=False)
class Case:
    """One patient's scans, with what was left out.

    Attributes:
        scans: In the order they are shown; unusable ones included.
        skipped: Files that gave no scan.
        excluded: Ids of usable scans that a person left out.
        overridden: Ids of unusable scans that a person wants used all the same.
    """

    scans: tuple[Scan, ...]
    skipped: tuple[Skipped, ...] = ()
    excluded: frozenset[str] = frozenset()
    overridden: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        ids = [scan.id for scan in self.scans]
        if len(ids) != len(set(ids)):
            raise ValueError("two scans of a case have the same id")

    @property
    def id(self) -> str:
        """Short name made from the content; holds no patient data."""
        return f"case-{self.hash[:12]}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the scans in use; independent of their order, of paths and of the patient's name."""
        digest = hashlib.sha256()
        for content in sorted(scan.content_hash for scan in self.used):
            digest.update(bytes.fromhex(content))
        digest.update(repr(sorted(self.overridden & {scan.id for scan in self.used})).encode())
        return digest.hexdigest()

    @property
    def used(self) -> tuple[Scan, ...]:
        """The scans that take part in the diagnosis."""
        return tuple(scan for scan in self.scans if self.is_used(scan))

    def is_used(self, scan: Scan) -> bool:
        """True if `scan` takes part in the diagnosis."""
        return scan.id not in self.excluded and (scan.usable or scan.id in self.overridden)

    @cached_property
    def patient_of(self) -> dict[str, str]:
        """Scan id -> digest of its patient; empty for a scan that names nobody."""
        keys = patient_keys(scan.identity for scan in self.scans)
        return {scan.id: key for scan, key in zip(self.scans, keys, strict=True)}

    @property
    def patients(self) -> tuple[str, ...]:
        """Digest of each patient named in the case, in the order met; a case is diagnosed with at most one."""
        return tuple(dict.fromkeys(key for key in self.patient_of.values() if key))

    def of_patient(self, number: int) -> Case:
        """The scans of one patient, and those that name nobody.

        The latter may be anybody's: if the case names several patients, they are kept in sight but not used by default.

        Args:
            number: Counted from 1, in the order of `patients`.

        Raises:
            CaseError: There is no such patient.
        """
        if not 1 <= number <= len(self.patients):
            raise CaseError(f"there is no patient {number}; this case has {len(self.patients)}")
        key, several = self.patients[number - 1], len(self.patients) > 1
        kept = (scan for scan in self.scans if self.patient_of[scan.id] in (key, ""))
        scans = (_of_nobody(scan) if several and not self.patient_of[scan.id] else scan for scan in kept)
        return replace(self, scans=tuple(scans))

    def scan(self, scan_id: str) -> Scan:
        """The scan with this id.

        Raises:
            CaseError: There is none.
        """
        for scan in self.scans:
            if scan.id == scan_id:
                return scan
        raise CaseError(f"no scan {scan_id} in this case")

    def using(self, scan_ids: frozenset[str]) -> Case:
        """The same case with exactly these scans in use; unusable ones among them count as overridden."""
        unusable = {scan.id for scan in self.scans if not scan.usable}
        excluded = frozenset(scan.id for scan in self.scans) - scan_ids
        return replace(self, excluded=excluded, overridden=scan_ids & unusable)

    def replacing(self, scan: Scan) -> Case:
        """The same case with the scan of that id replaced."""
        return replace(self, scans=tuple(scan if old.id == scan.id else old for old in self.scans))


def _of_nobody(scan: Scan) -> Scan:
    """The scan marked as of unknown owner and not to be used by default; an earlier reason stays."""
    if all(warning.code is not WarningCode.IDENTITY_MISSING for warning in scan.warnings):
        scan = scan.warned(WarningCode.IDENTITY_MISSING, NOBODY_NAMED)
    return replace(scan, usable=False, reason=NOBODY_AMONG_SEVERAL) if scan.usable else scan
