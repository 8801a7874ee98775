"""What the panel says of a scan, in words made from the case."""

from __future__ import annotations

from dataclasses import dataclass

from napari_raddiag.data_models.plain_line import one_line
from raddiag_engine.cases import Anatomy, Case, Modality, Plane, Scan, WarningCode
from raddiag_engine.diagnosis.result import ScanReport

UNDATED = "no date"


@dataclass(frozen=True)
class ScanFacts:
    """One row of the scan table.

    Attributes:
        scan_id: Of the scan.
        number: Counted from 1, in the order of the case.
        modality: As stated, guessed or said by a person.
        modality_guessed: True if the reader guessed it from values or names.
        anatomy: The same, for the body region.
        anatomy_guessed: As `modality_guessed`.
        kind: "volume", "image" or "cine".
        plane: "sagittal"; empty if unknown.
        matrix: "24 x 256 x 256", in the order of the voxels.
        spacing: "3 x 0.5 x 0.5 mm" in the same order, or "spacing unknown".
        series_date: "20260312" as the file has it, or empty.
        used: True if it takes part in the diagnosis.
        usable: False if the reader advises against its use.
        reason: Why it is not usable; empty if it is.
        overridden: True if a person wants it used all the same.
        warnings: "code: sentence", one for each doubt.
        files: "001.dcm and 21 more"; may hold a patient's name.
    """

    scan_id: str
    number: int
    modality: Modality
    modality_guessed: bool
    anatomy: Anatomy
    anatomy_guessed: bool
    kind: str
    plane: str
    matrix: str
    spacing: str
    series_date: str
    used: bool
    usable: bool
    reason: str
    overridden: bool
    warnings: tuple[str, ...]
    files: str

    @property
    def name(self) -> str:
        """Short name that tells the scans of a case apart, such as "2 MRI sagittal" or "scan 2"."""
        # "1 scan" would be read as a count.
        known = self.modality is not Modality.UNKNOWN
        words = [str(self.number), str(self.modality)] if known else ["scan", str(self.number)]
        words += [self.plane, "cine" if self.kind == "cine" else ""]
        return " ".join(word for word in words if word)

    @property
    def date(self) -> str:
        """ "2026-03-12", or `UNDATED`."""
        return date_text(self.series_date)


def facts_of(case: Case) -> tuple[ScanFacts, ...]:
    """One row a scan, in the order of the case."""
    return tuple(_facts(case, scan, number) for number, scan in enumerate(case.scans, start=1))


def dates_of(facts: tuple[ScanFacts, ...]) -> tuple[str, ...]:
    """The series dates, each once, oldest first and none at all last; more than one is said in the panel."""
    return tuple(sorted({row.series_date for row in facts}, key=lambda date: (not date, date)))


def date_text(series_date: str) -> str:
    """ "20260312" as "2026-03-12"; what is no such date is shown as it stands, and nothing as `UNDATED`."""
    if len(series_date) == 8 and series_date.isdigit():
        return f"{series_date[:4]}-{series_date[4:6]}-{series_date[6:]}"
    return series_date or UNDATED


def recognised_as(report: ScanReport) -> str:
    """What the model took a scan for, "MRI, head and neck"; empty where file or person said it, or nothing was seen."""
    origins = ((report.modality, report.modality_origin), (report.anatomy, report.anatomy_origin))
    return ", ".join(str(value) for value, origin in origins if origin == "recognised")


def _facts(case: Case, scan: Scan, number: int) -> ScanFacts:
    return ScanFacts(
        scan_id=scan.id,
        number=number,
        modality=scan.modality,
        modality_guessed=scan.has_warning(WarningCode.MODALITY_GUESSED),
        anatomy=scan.anatomy,
        anatomy_guessed=scan.has_warning(WarningCode.ANATOMY_GUESSED),
        kind=scan.kind,
        plane="" if scan.plane is Plane.UNKNOWN else str(scan.plane),
        matrix=" x ".join(map(str, scan.voxels.shape)),
        spacing=_spacing_text(scan.spacing_mm),
        series_date=scan.series_date,
        used=case.is_used(scan),
        usable=scan.usable,
        reason="" if scan.usable else scan.reason or "marked as not usable",
        overridden=scan.id in case.overridden and scan.id not in case.excluded,
        warnings=tuple(f"{warning.code}: {warning.message}{_slices(warning.slices)}" for warning in scan.warnings),
        files=_files(scan),
    )


def _spacing_text(spacing_mm: tuple[float, ...] | None) -> str:
    if spacing_mm is None:
        return "spacing unknown"
    return " x ".join(f"{value:.3g}" for value in spacing_mm) + " mm"


def _slices(slices: tuple[int, ...]) -> str:
    """Counted from 1, as everywhere in the panel."""
    if not slices:
        return ""
    shown = ", ".join(str(number + 1) for number in slices[:5])
    return f" (slice {shown}{', ...' if len(slices) > 5 else ''})"


def _files(scan: Scan) -> str:
    if not scan.sources:
        return ""
    more = len(scan.sources) - 1
    return one_line(scan.sources[0].name) + (f" and {more} more" if more else "")
