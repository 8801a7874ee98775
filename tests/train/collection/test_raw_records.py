"""Raw case records: what is taken, what is forgotten, and which line is at fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError
from raddiag_train.collection.article import Article
from raddiag_train.collection.raw_records import read_raw_records
from raddiag_train.knowledge.sources.lines import BadLines
from tests.train.collection.made_up_collection import SECRET, write_collection


def record(**changes: Any) -> dict[str, Any]:
    return {
        "case_id": "1",
        "patient": {"name": SECRET},
        "images": [{"path": "a.png", "modality": "dsa (angiography)"}],
        "articles": [{"title": "Gout", "text": "short"}],
        "diagnosis": SECRET,
        **changes,
    }


def write(folder: Path, *records: Any) -> Path:
    (folder / "a.png").touch()
    lines = (one if isinstance(one, str) else json.dumps(one) for one in records)
    path = folder / "records.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_record(tmp_path: Path) -> None:
    images = [{"path": "a.png", "modality": "CT", "plane": "Axial", "key_slice": 0, "anatomy": "Chest"}]
    path = write(tmp_path, record(patient_id="p", anatomy="Spine", source="s", images=images))
    (case,) = read_raw_records(path, BadLines()).cases
    assert (case.case_id, case.patient_id, case.anatomy, case.source) == ("1", "p", Anatomy.SPINE, "s")
    (image,) = case.images
    assert (image.path, image.modality, image.plane) == ((tmp_path / "a.png").resolve(), Modality.CT, Plane.AXIAL)
    assert (image.key_slice, image.anatomy) == (0, Anatomy.CHEST)


def test_patient_data_and_diagnosis_are_forgotten(tmp_path: Path) -> None:
    assert SECRET not in repr(read_raw_records(write(tmp_path, record()), BadLines()))


def test_an_article_of_several_cases_is_one_with_the_longest_text(tmp_path: Path) -> None:
    other = [{"title": " GOUT ", "text": "a longer text", "definition": "Crystals."}, {"title": "Rickets"}]
    collection = read_raw_records(write(tmp_path, record(), record(case_id="2", articles=other)), BadLines())
    assert collection.articles == {"gout": Article("Gout", "a longer text", "Crystals."), "rickets": Article("Rickets")}
    assert collection.cases[1].articles == ("gout", "rickets")


def test_articles_of_normal_cases_are_not_looked_at(tmp_path: Path) -> None:
    collection = read_raw_records(write(tmp_path, record(normal=True)), BadLines())
    assert collection.cases[0].normal
    assert not collection.articles


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "not JSON"),
        ("[1]", "one case as a JSON object"),
        ("1" * 5000, "not JSON|JSON object"),
        (record(artcles=[]), "did you mean 'articles'"),
        (record(case_id=""), "'case_id' is missing or empty"),
        (record(case_id="0"), "earlier line"),
        (record(patient="a man"), "'patient' must be a JSON object"),
        (record(diagnosis=1), "'diagnosis' must be text"),
        (record(normal="no"), "'normal' must be true or false"),
        (record(images=[]), "no image"),
        (record(images=[{"path": "b.png", "modality": "CT"}]), "image 1: its file is not there"),
        (record(images=[{"path": "a.png", "modality": "MR"}]), "image 1: unknown modality 'MR'; did you mean 'MRI'"),
        (record(images=[{"path": "a.png", "modality": "CT", "key_slice": -1}]), "'key_slice'"),
        (record(images=[{"path": "a.png"}]), "'modality' is missing"),
        (record(articles=[{"title": " "}]), "'title' is missing"),
        (record(articles=[{"title": "normal"}]), '"normal": true'),
        (record(articles="Gout"), "'articles' must be a list"),
        ({key: value for key, value in record().items() if key != "articles"}, "'articles' is missing"),
    ],
)
def test_the_line_at_fault_is_named_without_patient_data(tmp_path: Path, line: Any, fault: str) -> None:
    path = write(tmp_path, record(case_id="0"), line)
    with pytest.raises(ConfigError, match=rf"records\.jsonl:2: .*({fault})") as caught:
        read_raw_records(path, BadLines())
    assert SECRET not in str(caught.value)
    bad = BadLines(skip=True)
    assert len(read_raw_records(path, bad).cases) == bad.count == 1


def test_a_file_without_a_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no case record"):
        read_raw_records(write(tmp_path, ""), BadLines())
    with pytest.raises(ConfigError, match="no such file"):
        read_raw_records(tmp_path / "absent.jsonl", BadLines())


def test_definitions_are_whole_sentences_of_the_first_paragraph() -> None:
    assert Article("Gout", "It hurts. A lot.\n\nHistory.").definition == "It hurts. A lot."
    assert Article("Gout", "It hurts. " + "word " * 200).definition == "It hurts."
    assert Article("Gout", "text", "Given.").definition == "Given."
    assert Article("Gout").definition == ""


def test_the_made_up_collection_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = (write_collection(tmp_path / name, 70) for name in "ab")
    assert first.records.read_bytes() == second.records.read_bytes()
    assert len(read_raw_records(first.records, BadLines()).cases) == 70
