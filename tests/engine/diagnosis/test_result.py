"""The diagnosis as data: the JSON of the design, its inverse, and its headline."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from raddiag_engine.cases import Anatomy, Modality, ScanWarning, WarningCode
from raddiag_engine.diagnosis.result import Diagnosis, DisorderScore, ScanReport
from raddiag_engine.errors import ConfigError

GAP = ScanWarning(WarningCode.GEOMETRY_GAP, "2 slices are missing", (11, 12))
MENINGIOMA = DisorderScore(
    1, "Meningioma", ("D32",), 0.93, True, 2.6, 0.41, 0.9, 0.95, 40, True, "positive", "head", {"s1": 1.7}
)
NORMAL = DisorderScore(0, "Normal", (), 0.02, True, -4.0, 0.5, None, None, None, False, "negative", "head")
DIAGNOSIS = Diagnosis(
    case_id="case-1",
    case_hash="aa",
    input_hash="bb",
    model_name="demo",
    model_sha256="cc",
    device="cpu",
    precision="float32",
    scans=(
        ScanReport(
            "s1", Modality.MRI, "guessed", Anatomy.CHEST, "stated", (24, 256, 256), True, covered=True, warnings=(GAP,)
        ),
        ScanReport("s2", Modality.CT, "stated", Anatomy.CHEST, "stated", (8, 8), False, "it is a localizer"),
    ),
    disorders=(MENINGIOMA,),
    normal=NORMAL,
    positive=2,
    assessed=12,
    not_assessed=3,
    expected_false_alarms=0.64,
    without_operating_point=0,
    warnings=("one",),
    seconds={"read": 0.2, "prepare": 0.1, "encode": 1.4, "fuse": 0.01},
)


def test_the_json_has_the_keys_of_the_design() -> None:
    data = json.loads(json.dumps(DIAGNOSIS.to_mapping()))
    assert data["schema"] == 1
    assert data["case"]["id"] == "case-1"
    assert data["case"]["hash"] == "aa"
    assert data["model"] == {"name": "demo", "sha256": "cc"}
    assert (data["device"], data["precision"], data["not_assessed"], data["warnings"]) == ("cpu", "float32", 3, ["one"])
    assert data["seconds"] == {"read": 0.2, "prepare": 0.1, "encode": 1.4, "fuse": 0.01}
    scan = data["scans"][0]
    wanted = {"id": "s1", "modality": "MRI", "shape": [24, 256, 256], "used": True, "reason": None}
    wanted |= {"overridden": False, "out_of_distribution": False}
    assert {key: scan[key] for key in wanted} == wanted
    assert scan["warnings"] == [{"code": "geometry.gap", "message": "2 slices are missing", "slices": [11, 12]}]
    disorder = data["disorders"][0]
    wanted = {"rank": 1, "name": "Meningioma", "icd10cm": ["D32"], "probability": 0.93, "calibrated": True}
    wanted |= {"threshold": 0.41, "state": "positive", "tier": "head", "contributions": {"s1": 1.7}}
    assert {key: disorder[key] for key in wanted} == wanted
    assert data["normal"]["name"] == "Normal"


def test_a_diagnosis_survives_json() -> None:
    assert Diagnosis.from_mapping(json.loads(json.dumps(DIAGNOSIS.to_mapping()))) == DIAGNOSIS


@pytest.mark.parametrize("damage", [{"schema": 2}, {"case": {"id": "x"}}, {"model": None}, {"disorders": 3}])
def test_data_that_is_no_diagnosis_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Diagnosis.from_mapping({**DIAGNOSIS.to_mapping(), **damage})


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        ({}, "2 positive of 12 assessed, about 0.6 false alarms expected"),
        ({"expected_false_alarms": 117.4}, "2 positive of 12 assessed, about 117 false alarms expected"),
        (
            {"without_operating_point": 4},
            "2 positive of 12 assessed, about 0.6 false alarms expected (4 without an operating point not counted)",
        ),
        (
            {"without_operating_point": 12},
            "2 positive of 12 assessed, false alarms not known (no disorder has an operating point)",
        ),
        (
            {"assessed": 0, "positive": 0, "not_assessed": 15},
            "nothing assessed: no scan in use can show any of the 15 disorders of this model",
        ),
    ],
)
def test_the_headline_puts_positives_in_proportion(changes: dict[str, int], headline: str) -> None:
    assert replace(DIAGNOSIS, **changes).headline == headline  # type: ignore[arg-type]


def test_results_and_the_package_import_no_torch() -> None:
    modules = ("", ".diagnosis.result", ".diagnosis.state", ".diagnosis.scan_choice", ".diagnosis.scoring")
    modules += (".diagnosis.disorder_lookup", ".diagnosis.case_check", ".commands.diagnosis_table")
    code = "; ".join(f"import raddiag_engine{name}" for name in modules)
    code += "; import sys; assert 'torch' not in sys.modules; from raddiag_engine import Engine"
    code += "; assert 'torch' in sys.modules and Engine.__name__ == 'Engine'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
