"""Cases and diagnoses made up for tests of the views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from raddiag_engine.cases import Anatomy, Case, Identity, Modality, Plane, Scan, ScanWarning, WarningCode
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore, ScanReport

JANE = Identity(patient_id="4711", patient_name="DOE^Jane^Ann", birth_date="19700131", sex="F")

FRACTURE = DisorderScore(
    rank=1,
    name="Tibial fracture",
    icd10cm=("S82.209A",),
    probability=0.968,
    calibrated=True,
    logit=5.8,
    threshold=0.727,
    sensitivity=0.971,
    specificity=1.0,
    positives=35,
    reliable=True,
    state="positive",
    tier="head",
    contributions={"xray": 7.0, "mri": -0.6},
)
CYST = replace(
    FRACTURE,
    rank=2,
    name="Baker cyst",
    icd10cm=("M71.20",),
    probability=0.724,
    contributions={"xray": -0.6, "mri": 5.1},
)
TUMOUR = replace(
    FRACTURE,
    rank=3,
    name="Osteochondroma",
    icd10cm=("D16.20",),
    icd10cm_matched_by_name=True,
    probability=0.102,
    calibrated=False,
    threshold=0.521,
    positives=8,
    reliable=False,
    state="negative",
    tier="medium",
    contributions={},
)
GLIOMA = replace(
    FRACTURE, rank=4, name="Glioma", icd10cm=("C71.9",), probability=0.095, state="not assessed", contributions={}
)
NORMAL = replace(
    FRACTURE, rank=0, name="Normal", icd10cm=(), probability=0.0, state="negative", threshold=0.317, contributions={}
)


def made_diagnosis(*disorders: DisorderScore) -> Diagnosis:
    """A diagnosis of the scans "xray" and "mri"; of two positives, a negative and one not assessed by default."""
    disorders = disorders or (FRACTURE, CYST, TUMOUR, GLIOMA)
    report = ScanReport("xray", Modality.XRAY, "stated", Anatomy.LOWER_LIMB, "stated", (160, 160), True, saw="image")
    localizer = replace(report, id="mri", modality=Modality.MRI, reason="a localizer", overridden=True)
    return Diagnosis(
        case_id="case-3cd83b422d44",
        case_hash="3cd83b422d44" + "0" * 52,
        input_hash="c8" * 32,
        model_name="demo",
        model_sha256="abe86c01932d" + "0" * 52,
        device="cpu",
        precision="float32",
        scans=(report, localizer),
        disorders=disorders,
        normal=NORMAL,
        positive=sum(score.state == "positive" for score in disorders),
        assessed=sum(score.state != "not assessed" for score in disorders),
        not_assessed=sum(score.state == "not assessed" for score in disorders),
        expected_false_alarms=0.2,
        without_operating_point=0,
        warnings=("mri: used by choice although a localizer",),
    )


def many_disorders(count: int) -> tuple[DisorderScore, ...]:
    """Two positives and `count` - 2 others, by rank, of two chapters."""
    others = (
        replace(TUMOUR, rank=rank, name=f"Disorder {rank}", icd10cm=("D16.20",) if rank % 2 else ("I62.9",))
        for rank in range(3, count + 1)
    )
    return (FRACTURE, CYST, *others)


def made_scan(scan_id: str = "mri", **changed: object) -> Scan:
    """A small sagittal MRI of Jane."""
    scan = Scan(
        id=scan_id,
        kind="volume",
        voxels=np.zeros((4, 6, 8), dtype=np.int16),
        spacing_mm=(3.0, 0.5, 0.5),
        modality=Modality.MRI,
        anatomy=Anatomy.LOWER_LIMB,
        plane=Plane.SAGITTAL,
        series_date="20260312",
        identity=JANE,
        sources=(Path("001.dcm"), Path("002.dcm")),
    )
    return replace(scan, **changed)  # type: ignore[arg-type]


def made_case() -> Case:
    """An X-ray, an MRI with a gap of which the modality was guessed, and a localizer of an earlier date."""
    xray = made_scan(
        "xray",
        kind="image",
        voxels=np.ones((16, 16), dtype=np.uint8),
        spacing_mm=None,
        modality=Modality.XRAY,
        plane=Plane.FRONTAL,
    )
    warnings = (
        ScanWarning(WarningCode.GEOMETRY_GAP, "slices are missing", (1, 2)),
        ScanWarning(WarningCode.MODALITY_GUESSED, "guessed from the values"),
    )
    localizer = made_scan("localizer", usable=False, reason="a localizer", series_date="20240112")
    return Case((xray, made_scan(warnings=warnings), localizer))
