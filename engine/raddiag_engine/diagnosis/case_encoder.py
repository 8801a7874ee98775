"""From a case to the scan embeddings that are fused: check, choose, encode, set the untrusted ones aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from raddiag_engine.cases import Case, Window
from raddiag_engine.diagnosis.case_check import check_case
from raddiag_engine.diagnosis.encoded_case import EncodedCase, EncodedScan
from raddiag_engine.diagnosis.scan_choice import chosen
from raddiag_engine.diagnosis.scan_encoder import Progress, ScanEncoder
from raddiag_engine.diagnosis.stopwatch import Stopwatch
from raddiag_engine.preparation import PreparationConfig, PreparedScan, modality_ids, prepare_case, prepare_scan


def encode_case(
    case: Case,
    encoder: ScanEncoder,
    windows: Mapping[str, Window],
    progress: Progress,
    cancelled: Callable[[], bool],
) -> EncodedCase:
    """Encode the scans in use that the model takes.

    Untrusted scans (flagged by the input score, or not covered by the card) are set aside and replaced by the next ones
    in line. If no scan is trusted they are fused all the same, and every disorder will be "not assessed".

    Args:
        case: Of one patient.
        encoder: Of the model.
        windows: Scan id -> a window chosen by a person.
        progress: Called with scans done, scans to do and what was done.
        cancelled: Asked before every chunk.

    Raises:
        CaseError: No usable scan, or two patients.
        Cancelled: `cancelled` said so.
    """
    check_case(case)
    encoder.forget_all_but(case.used, windows)
    stopwatch = Stopwatch("prepare", "encode")
    max_scans = encoder.card.max_scans
    candidates = list(case.used)
    untrusted: dict[str, EncodedScan] = {}
    while True:
        # Only when every scan proved untrusted are there no candidates left.
        selected = chosen(candidates or case.used, max_scans)
        fused = encoder.encode(selected, windows, progress, cancelled, stopwatch)
        doubtful = {encoded.scan.id: encoded for encoded in fused if not encoded.trusted}
        if not doubtful or not candidates:
            break
        untrusted |= doubtful
        candidates = [scan for scan in candidates if scan.id not in untrusted]
    in_use = {encoded.scan.id for encoded in fused}
    return EncodedCase(
        case=case,
        windows=windows,
        fused=tuple(fused),
        modality_ids=tuple(modality_ids([encoded.scan.modality for encoded in fused], encoder.card.preparation)),
        set_aside=tuple(encoded for scan_id, encoded in untrusted.items() if scan_id not in in_use),
        left_over=tuple(scan for scan in candidates if scan.id not in in_use),
        seconds=stopwatch.seconds,
    )


def prepare_again(encoded: EncodedCase, config: PreparationConfig, index: int) -> PreparedScan:
    """What the network was given of a fused scan: the same preparation, run once more."""
    scans = [fused.scan for fused in encoded.fused]
    if config.range_over == "case":
        return prepare_case(scans, config, windows=encoded.windows)[index]
    window = encoded.windows.get(scans[index].id)
    return prepare_scan(scans[index], config, window=window, modality_id=encoded.modality_ids[index])
