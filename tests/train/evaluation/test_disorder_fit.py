"""Calibrations and operating points of many disorders at once, against one at a time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.models.card import Coverage, Disorder
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.evaluation.calibration import calibrated, fit_calibration
from raddiag_train.evaluation.disorder_fit import assessable, fit_disorders
from raddiag_train.evaluation.thresholds import fit_operating_point

HEAD_CT, CHEST_XRAY = Coverage(Modality.CT, Anatomy.HEAD_AND_NECK), Coverage(Modality.XRAY, Anatomy.CHEST)
ANY_CT = Coverage(Modality.CT, Anatomy.UNKNOWN)


def record(number: int, *pairs: Coverage) -> CaseRecord:
    scans = tuple(ScanRecord(Path(f"{number}.png"), pair.modality, anatomy=pair.anatomy) for pair in pairs)
    return CaseRecord(str(number), "", Anatomy.UNKNOWN, "validation", scans, ("A",))


def test_a_case_counts_where_one_of_its_scans_is_covered() -> None:
    records = [record(0, HEAD_CT), record(1, CHEST_XRAY), record(2, HEAD_CT, CHEST_XRAY)]
    found = assessable([(HEAD_CT,), (CHEST_XRAY,), (ANY_CT,), (HEAD_CT, CHEST_XRAY), ()], records)
    assert found.astype(int).tolist() == [[1, 0, 1, 1, 1], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1]]


def test_many_at_once_are_as_one_at_a_time() -> None:
    generator = np.random.default_rng(0)
    cases, classes = 300, 300  # more than a block
    records = [record(n, HEAD_CT) if n % 3 else record(n, CHEST_XRAY) for n in range(cases)]
    targets = generator.random((cases, classes)) < generator.uniform(0.0, 0.3, classes)
    logits = (generator.normal(0, 2, (cases, classes)) + 2 * targets).astype(np.float32)
    logits[:, 7] = -logits[:, 7]  # does not rise with the disorder
    targets[:, 8] = False
    disorders = [
        Disorder(f"{k}", coverage=((HEAD_CT,), (CHEST_XRAY,), (HEAD_CT, CHEST_XRAY))[k % 3]) for k in range(classes)
    ]
    fitted = fit_disorders(disorders, records, logits, targets)
    calibrations = 0
    for k, disorder in enumerate(fitted):
        rows = np.array([{0: n % 3 > 0, 1: n % 3 == 0, 2: True}[k % 3] for n in range(cases)])
        calibration = fit_calibration(logits[rows, k], targets[rows, k])
        assert (disorder.calibration is None) == (calibration is None)
        if disorder.calibration is not None and calibration is not None:
            calibrations += 1
            np.testing.assert_allclose(
                [disorder.calibration.slope, disorder.calibration.offset],
                [calibration.slope, calibration.offset],
                atol=1e-7,
            )
        point = fit_operating_point(calibrated(logits[rows, k], disorder.calibration), targets[rows, k])
        assert (disorder.operating_point is None) == (point is None)
        if disorder.operating_point is not None and point is not None:
            assert abs(disorder.operating_point.threshold - point.threshold) < 1e-9
            assert disorder.operating_point.positives == point.positives == targets[rows, k].sum()
    assert 100 < calibrations < classes
    assert fitted[7].calibration is None or fitted[7].calibration.slope > 0
    assert (fitted[8].operating_point, fitted[8].calibration) == (None, None)


def test_the_coverage_of_the_model_stands_in_for_a_disorder_without_one() -> None:
    records = [record(n, HEAD_CT if n < 40 else CHEST_XRAY) for n in range(80)]
    targets = (np.arange(80) % 2 == 0)[:, None]
    logits = np.where(targets, 1.0, -1.0) * np.linspace(0.5, 2, 80)[:, None]
    [whole] = fit_disorders([Disorder("A")], records, logits, targets)
    [of_ct] = fit_disorders([Disorder("A")], records, logits, targets, coverage=(ANY_CT,))
    assert whole.operating_point is not None and of_ct.operating_point is not None
    assert (whole.operating_point.positives, of_ct.operating_point.positives) == (40, 20)


def test_thousands_of_rare_disorders_take_seconds() -> None:
    generator = np.random.default_rng(0)
    targets = generator.random((500, 3000)) < 0.01
    logits = generator.normal(0, 2, targets.shape).astype(np.float32)
    records = [record(n, HEAD_CT) for n in range(500)]
    disorders = [Disorder(f"{k}", coverage=(HEAD_CT,)) for k in range(3000)]
    started = time.process_time()
    fit_disorders(disorders, records, logits, targets)
    assert time.process_time() - started < 8
