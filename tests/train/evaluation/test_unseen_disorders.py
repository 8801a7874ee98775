"""Unseen disorders are judged among all cases, among those of their region, and against the nearest learned one."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Disorder
from raddiag_engine.models.folder import load_model
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.records import CaseRecord, ScanRecord, read_records
from raddiag_train.evaluation.unseen_disorders import evaluate_unseen, judge_unseen, never_learned
from raddiag_train.phantoms import write_phantoms
from tests.engine.diagnosis.knowledge_model import save_knowledge_model

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "unseen_disorders.py"
LABELS = LabelSpace((Disorder("Gallstones"), Disorder("Normal", normal=True), Disorder("Liver cyst")))
SCAN = ScanRecord(Path("scan.png"), Modality.CT)


def cases(*found: tuple[Anatomy, str]) -> list[CaseRecord]:
    return [CaseRecord(f"c{n}", f"p{n}", anatomy, "test", (SCAN,), (name,)) for n, (anatomy, name) in enumerate(found)]


def test_the_region_alone_earns_nothing_among_its_own_cases() -> None:
    abdomen, head = Anatomy.ABDOMEN_AND_PELVIS, Anatomy.HEAD_AND_NECK
    records = cases(*[(abdomen, "Liver cyst")] * 10, *[(abdomen, "Gallstones")] * 10, *[(head, "Normal")] * 20)
    # The text's score tells the region and nothing more; the nearest disorder's is right.
    scores_NK = np.zeros((40, 3))
    scores_NK[:20, 2] = 1.0
    scores_NK[:10, 0] = 1.0
    result, mean = judge_unseen(scores_NK, LABELS, records, ["Liver cyst"], [0], resamples=200)
    # 10 ties in 30 negatives count half: (20 + 5) / 30.
    assert result.all_cases.value == pytest.approx(25 / 30)
    assert result.same_region.value == pytest.approx(0.5)
    assert result.same_region.interval == (0.5, 0.5)
    assert (result.nearest, result.nearest_same_region.value) == ("Gallstones", 1.0)
    assert (result.positives, mean.name, mean.all_cases.value) == (10, "", result.all_cases.value)
    low, high = result.all_cases.interval
    assert low < 25 / 30 < high


def test_a_disorder_without_a_case_has_no_figure_and_is_left_out_of_the_mean() -> None:
    records = cases(*[(Anatomy.CHEST, "Gallstones")] * 5, *[(Anatomy.CHEST, "Normal")] * 5)
    scores_NK = np.linspace(1, 0, 10)[:, None].repeat(3, axis=1)
    *results, mean = judge_unseen(scores_NK, LABELS, records, ["Gallstones", "Liver cyst"], [2, 0], resamples=50)
    assert results[0].all_cases.value == 1.0
    assert math.isnan(results[1].all_cases.value)
    assert mean.all_cases.value == 1.0


def test_a_learned_disorder_is_not_unseen(tmp_path: Path) -> None:
    save_knowledge_model(tmp_path / "model")
    with pytest.raises(ConfigError, match="has learned 'meningioma'"):
        evaluate_unseen(load_model(tmp_path / "model"), [], ["meningioma"], tmp_path)


def test_what_a_model_does_not_know_is_found_in_the_cases_most_frequent_first(tmp_path: Path) -> None:
    card = save_knowledge_model(tmp_path / "model")
    region = Anatomy.CHEST
    records = cases((region, "Kidney cyst"), *[(region, "Brain abscess")] * 2, (region, "Normal"), (region, "glioma"))
    assert never_learned(card, records) == ("Brain abscess", "Kidney cyst")
    with pytest.raises(ConfigError, match="has learned every disorder"):
        never_learned(card, records[-2:])


def test_the_benchmark_scores_phantoms_that_the_model_never_learned_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_knowledge_model(tmp_path / "model")
    path = write_phantoms(tmp_path / "phantoms", cases=12, seed=4, unseen=True)
    learned = ("Normal", "Glioma", "Meningioma", "Pneumonia", "Cardiomegaly", "Intracranial haemorrhage")
    names = {name for record in read_records(path) for name in record.disorders} - set(learned)
    arguments = [
        "unseen_disorders",
        str(tmp_path / "model"),
        "--cases",
        str(path),
        "--json",
        str(tmp_path / "auc.json"),
    ]
    monkeypatch.setattr("sys.argv", arguments)
    runpy.run_path(str(BENCHMARK), run_name="__main__")
    *rows, mean = json.loads((tmp_path / "auc.json").read_text())
    assert {row["name"] for row in rows} == names and "Femoral fracture" in names
    assert 0 <= mean["all_cases"]["value"] <= 1 and mean["all_cases"]["interval"][0] <= mean["all_cases"]["interval"][1]
    assert "Femoral" in capsys.readouterr().out


def test_the_benchmark_refuses_a_model_that_takes_no_names_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_phantoms(tmp_path / "phantoms", cases=1, seed=4, unseen=True)
    monkeypatch.setattr("sys.argv", ["unseen_disorders", "no-such-model", "--cases", str(path)])
    with pytest.raises(SystemExit, match="no-such-model"):
        runpy.run_path(str(BENCHMARK), run_name="__main__")
