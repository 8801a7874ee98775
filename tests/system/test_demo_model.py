"""The bundled model and sample case: what the README promises."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from raddiag_engine import Engine
from raddiag_engine.cases import Anatomy, Case, Modality, Scan
from raddiag_engine.reading import read_case
from raddiag_resources import path_of
from raddiag_train.phantoms.case import PhantomCase, make_case

TEST_SEED = 77_000_000  # no data set of the recipe uses these phantoms
MAX_MODEL_BYTES = 25_000_000


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load("demo", device="cpu")


def test_the_model_is_small_and_every_disorder_has_its_code(engine: Engine) -> None:
    assert sum(file.stat().st_size for file in path_of("demo_model").iterdir()) <= MAX_MODEL_BYTES
    for disorder in engine.card.disorders:
        assert bool(disorder.icd10cm) != disorder.normal, disorder.name
        assert disorder.learned_from in ("real", "synthetic", "real and synthetic")
    assert engine.card.intended_use and engine.card.sources and engine.card.shortcuts


def test_raddiag_demo_diagnoses_and_explains_the_sample_case(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "raddiag_engine.cli", "demo", "--output", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "positive of" in done.stdout and "Research use only" in done.stdout
    diagnosis = json.loads((tmp_path / "demo" / "diagnosis.json").read_text())
    assert diagnosis["schema"] == 1
    positive = {entry["name"] for entry in diagnosis["disorders"] if entry["state"] == "positive"}
    truth = json.loads(path_of("sample_case_truth.json").read_text())["disorders"]
    assert set(truth) <= positive
    assert list((tmp_path / "demo").glob("*.png")) and list((tmp_path / "demo").glob("*.nii.gz"))


def test_the_sample_case_says_what_it_is() -> None:
    case = read_case([path_of("sample_case")])
    assert len(case.used) >= 2
    assert all(scan.modality is not Modality.UNKNOWN and scan.spacing_mm is not None for scan in case.used)
    # A projection has no place in the patient; a series has.
    assert [scan.affine is not None for scan in case.used] == [scan.is_volume for scan in case.used]


def positive_names(engine: Engine, scan: Scan) -> list[str]:
    engine.set_case(Case((scan,)))
    return [score.name for score in engine.diagnose().disorders if score.state == "positive"]


def chest_xray(seed: int) -> Scan:
    phantom = make_case(TEST_SEED + seed, anatomy=Anatomy.CHEST)
    return next(scan for scan in phantom.case.scans if scan.modality is Modality.XRAY)


def photograph(size: int = 256) -> np.ndarray:
    """A landscape by formula: sky with a gradient and a sun, a ridge, a fence in front."""
    y, x = np.mgrid[0 : 1 : 1j * size, 0 : 1 : 1j * size]
    image = 200 - 90 * y + 60 * (np.hypot(x - 0.75, y - 0.2) < 0.08)
    ridge = y > 0.55 + 0.08 * np.sin(9 * x) + 0.03 * np.sin(31 * x)
    image = np.where(ridge, 90 + 40 * np.sin(60 * x * y), image)
    fence = (y > 0.75) & ((x * 14) % 1 < 0.2)
    return np.where(fence, 235, image).clip(0, 255).astype(np.uint8)


def image_scan(values: np.ndarray, modality: Modality, anatomy: Anatomy) -> Scan:
    return Scan("scan-1", "image", values.astype(np.uint8), modality=modality, anatomy=anatomy, units="8-bit")


COVERED = [
    (Modality.XRAY, Anatomy.CHEST),
    (Modality.MRI, Anatomy.HEAD_AND_NECK),
    (Modality.ULTRASOUND, Anatomy.BREAST),
    (Modality.UNKNOWN, Anatomy.UNKNOWN),
]


@pytest.mark.parametrize(("modality", "anatomy"), COVERED)
def test_noise_is_flagged_and_makes_nothing_positive(engine: Engine, modality: Modality, anatomy: Anatomy) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (256, 256))
    assert positive_names(engine, image_scan(noise, modality, anatomy)) == []
    assert engine.diagnose().scans[0].out_of_distribution


@pytest.mark.parametrize(("modality", "anatomy"), COVERED)
def test_a_photograph_is_flagged_and_makes_nothing_positive(
    engine: Engine, modality: Modality, anatomy: Anatomy
) -> None:
    assert positive_names(engine, image_scan(photograph(), modality, anatomy)) == []
    assert engine.diagnose().scans[0].out_of_distribution


def test_an_uncovered_modality_makes_nothing_positive(engine: Engine) -> None:
    scan = replace(chest_xray(0), modality=Modality.MAMMOGRAPHY, anatomy=Anatomy.BREAST)
    assert positive_names(engine, scan) == []
    assert {score.state for score in engine.diagnose().disorders} == {"not assessed"}


def flagged_radiographs(engine: Engine, count: int, *, inverted: bool) -> int:
    flagged = 0
    for seed in range(count):
        scan = chest_xray(seed)
        positive_names(engine, replace(scan, inverted=scan.inverted != inverted))
        flagged += engine.diagnose().scans[0].out_of_distribution
    return flagged


def test_an_inverted_radiograph_is_flagged(engine: Engine) -> None:
    assert flagged_radiographs(engine, 8, inverted=True) == 8


def test_an_upright_radiograph_is_not_flagged(engine: Engine) -> None:
    # The score is fitted to flag 2 % of such scans: four or more of 30 would come once in 300 times.
    assert flagged_radiographs(engine, 30, inverted=False) <= 3


def seen_in_one_scan(phantom: PhantomCase) -> tuple[str, str] | None:
    """A disorder of the case that one scan alone shows, and that scan."""
    for disorder in phantom.disorders:
        showing = [scan_id for scan_id, masks in phantom.masks.items() if disorder in masks and masks[disorder].any()]
        if len(showing) == 1 and len(phantom.case.scans) > 1:
            return disorder, showing[0]
    return None


def test_leaving_out_the_scan_that_shows_the_lesion_costs_auc(engine: Engine) -> None:
    """Fusion matters: the disorders that one scan alone shows cannot be told from the others."""
    whole, without, truth = [], [], []
    for seed in range(60):
        phantom = make_case(TEST_SEED + seed)
        alone = seen_in_one_scan(phantom)
        if alone is None:
            continue
        disorder, scan_id = alone
        others = frozenset(scan.id for scan in phantom.case.scans if scan.id != scan_id)
        for case, scores in ((phantom.case, whole), (phantom.case.using(others), without)):
            engine.set_case(case)
            scores.append({score.name: score.logit for score in engine.diagnose(top=1000).disorders})
        truth.append((disorder, phantom.anatomy))
    aucs = {}
    for name, scores in (("whole", whole), ("without", without)):
        pairs = [
            (scores[i][disorder], own == disorder)
            for disorder, anatomy in set(truth)
            for i, (own, where) in enumerate(truth)
            if where == anatomy
        ]
        aucs[name] = roc_auc_score([positive for _, positive in pairs], [logit for logit, _ in pairs])
    assert aucs["whole"] > aucs["without"] + 0.1, aucs
