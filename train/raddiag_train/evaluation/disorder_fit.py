"""Calibration and operating point of every disorder of a model, fitted on cases it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy
from raddiag_engine.models.card import Coverage, Disorder
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.calibration import calibrated, fit_calibrations
from raddiag_train.evaluation.thresholds import fit_operating_points

CLASSES_AT_ONCE = 256


def fit_disorders(
    disorders: Sequence[Disorder],
    records: Sequence[CaseRecord],
    logits_NK: NDArray[np.floating],
    targets_NK: NDArray[np.bool_],
    split: str = "validation",
    coverage: Sequence[Coverage] = (),
) -> tuple[Disorder, ...]:
    """Give each disorder its calibration and operating point, on the cases that have a scan it can be assessed on.

    Args:
        disorders: In the order of the logits.
        records: N cases that the model was not trained on.
        logits_NK: Of the model, before calibration.
        targets_NK: What the cases have.
        split: Name of the split the cases are from.
        coverage: Of the model's card; for disorders that have none of their own.
    """
    fitted: list[Disorder] = []
    for start in range(0, len(disorders), CLASSES_AT_ONCE):
        block = slice(start, start + CLASSES_AT_ONCE)
        valid_NK = assessable([disorder.coverage or coverage for disorder in disorders[block]], records)
        calibrations = fit_calibrations(logits_NK[:, block], targets_NK[:, block], valid_NK)
        columns = [
            calibrated(logits_N, calibration)
            for logits_N, calibration in zip(logits_NK[:, block].T, calibrations, strict=True)
        ]
        points = fit_operating_points(np.stack(columns, 1), targets_NK[:, block], valid_NK, split)
        fitted += [
            replace(disorder, calibration=calibration, operating_point=point)
            for disorder, calibration, point in zip(disorders[block], calibrations, points, strict=True)
        ]
    return tuple(fitted)


def assessable(coverages: Sequence[Sequence[Coverage]], records: Sequence[CaseRecord]) -> NDArray[np.bool_]:
    """(cases, classes) True where a case has a scan that its class covers; no coverage at all covers every scan.

    An anatomy "unknown" in a coverage stands for any, as it does where the engine asks.
    """
    of_records = [{Coverage(scan.modality, record.anatomy_of(scan)) for scan in record.scans} for record in records]
    pairs = sorted(set().union(*of_records), key=lambda pair: (pair.modality, pair.anatomy))
    column = {pair: index for index, pair in enumerate(pairs)}
    has_NP = np.zeros((len(records), len(pairs)), dtype=np.float32)
    for row, found in enumerate(of_records):
        has_NP[row, [column[pair] for pair in found]] = 1
    covers_PK = np.zeros((len(pairs), len(coverages)), dtype=np.float32)
    for k, coverage in enumerate(coverages):
        wanted = set(coverage)
        covers_PK[:, k] = [
            not wanted or pair in wanted or Coverage(pair.modality, Anatomy.UNKNOWN) in wanted for pair in pairs
        ]
    return np.asarray(has_NP @ covers_PK > 0)
