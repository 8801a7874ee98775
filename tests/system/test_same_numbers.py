"""One preparation and one network serve training, evaluation and the engine: a case gets the same numbers from all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raddiag_engine import Engine
from raddiag_engine.cases import Case
from raddiag_engine.cli import main
from raddiag_engine.models.folder import load_model
from raddiag_engine.reading import read_case
from raddiag_resources import path_of
from raddiag_train.data.records import CaseRecord, read_records
from raddiag_train.evaluation.evaluate import EvaluationConfig, evaluate
from raddiag_train.training.config import read_config
from raddiag_train.training.loop import train
from tests.train.training.blob_cases import write_blob_cases, write_recipe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cases.jsonl and run/model."""
    folder = tmp_path_factory.mktemp("numbers")
    write_blob_cases(folder, train=32, validation=40)
    train(read_config(write_recipe(folder), ["optimisation.epochs=4", "card.half_precision=true"]), folder / "run")
    return folder


def test_the_engine_gives_what_the_trainer_evaluated(folder: Path) -> None:
    evaluation = evaluate(
        load_model(folder / "run" / "model"),
        read_records(folder / "cases.jsonl"),
        folder / "prepared",
        EvaluationConfig("validation", device="cpu"),
    )
    engine = Engine.load(folder / "run" / "model", device="cpu")
    several = [index for index, record in enumerate(evaluation.records) if len(record.scans) == 2][:2]
    single = [index for index, record in enumerate(evaluation.records) if len(record.scans) == 1][:2]
    for index in several + single:
        engine.set_case(as_recorded(evaluation.records[index]))
        diagnosis = engine.diagnose()
        assert all(scan.used for scan in diagnosis.scans), "a scan that is flagged would not be fused"
        [blob] = [score for score in diagnosis.disorders if score.name == "Bright blob"]
        expected = evaluation.probabilities_NK[index, evaluation.labels.indices["Bright blob"]]
        assert blob.probability == pytest.approx(expected, abs=1e-4)


def test_the_command_line_gives_what_the_engine_gives(tmp_path: Path) -> None:
    case, target = path_of("sample_case"), tmp_path / "diagnosis.json"
    assert main(["diagnose", str(case), "--device", "cpu", "--top", "1000", "--json", str(target)]) == 0
    written = json.loads(target.read_text(encoding="utf-8"))
    engine = Engine.load("demo", device="cpu")
    engine.set_case(read_case([case]))
    diagnosis = engine.diagnose(top=1000)
    assert (written["case"]["hash"], written["model"]["sha256"]) == (diagnosis.case_hash, diagnosis.model_sha256)
    expected = {score.name: score.probability for score in diagnosis.disorders}
    assert len(expected) > 1
    assert {entry["name"]: entry["probability"] for entry in written["disorders"]} == pytest.approx(expected, abs=1e-6)


def as_recorded(record: CaseRecord) -> Case:
    """The case of the record's files, each scan said to be what the record says."""
    case = read_case([scan.path for scan in record.scans])
    said = {scan.path.name: scan for scan in record.scans}
    for scan in case.scans:
        [source] = scan.sources
        what = said[source.name]
        case = case.replacing(scan.with_modality(what.modality, record.anatomy_of(what)))
    return case
