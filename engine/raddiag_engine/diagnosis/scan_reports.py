"""What became of every scan of a case."""

from __future__ import annotations

from raddiag_engine.cases import Anatomy, Modality, Scan
from raddiag_engine.diagnosis.case_check import unused_reason
from raddiag_engine.diagnosis.encoded_case import EncodedCase, EncodedScan
from raddiag_engine.diagnosis.result import ScanReport
from raddiag_engine.diagnosis.scan_choice import RULE
from raddiag_engine.diagnosis.state import content_of
from raddiag_engine.models.card import ModelCard


def report_scans(encoded: EncodedCase, card: ModelCard) -> tuple[ScanReport, ...]:
    """One report per scan of the case, in the case's order."""
    fused = {scan.scan.id: scan for scan in encoded.fused}
    set_aside = {scan.scan.id: scan for scan in encoded.set_aside}
    left_over = {scan.id for scan in encoded.left_over}
    reports = []
    for scan in encoded.case.scans:
        if scan.id in fused:
            reports.append(_report(scan, encoded, None, fused[scan.id]))
        elif scan.id in set_aside:
            reports.append(_report(scan, encoded, distrust_reason(set_aside[scan.id]), set_aside[scan.id]))
        elif scan.id in left_over:
            reason = f"the model takes at most {card.max_scans} scans; chosen by rule: {RULE}"
            reports.append(_report(scan, encoded, reason, None))
        else:
            reports.append(_report(scan, encoded, unused_reason(encoded.case, scan.id), None))
    return tuple(reports)


def distrust_reason(scan: EncodedScan) -> str:
    """Why nothing is assessed from a scan."""
    content = scan.content
    if content.modality is Modality.UNKNOWN:
        return "its modality is not known; say it with --modality"
    if not scan.covered and content.anatomy is Anatomy.UNKNOWN:
        return f"its anatomy is not known and the model does not cover every {content.modality}; say it with --anatomy"
    if not scan.covered:
        return f"the model was not trained on {content.modality} of {content.anatomy}"
    return "unlike the scans the model was trained on"


def _report(scan: Scan, encoded: EncodedCase, reason: str | None, seen: EncodedScan | None) -> ScanReport:
    content = seen.content if seen else content_of(scan, None)
    return ScanReport(
        id=scan.id,
        modality=content.modality,
        modality_origin=content.modality_origin,
        anatomy=content.anatomy,
        anatomy_origin=content.anatomy_origin,
        shape=tuple(scan.voxels.shape),
        used=reason is None,
        reason=reason,
        overridden=scan.id in encoded.case.overridden,
        out_of_distribution=seen is not None and seen.out_of_distribution,
        covered=seen.covered if seen else None,
        saw=seen.saw if seen else "",
        warnings=scan.warnings,
    )
