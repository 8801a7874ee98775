"""Mapping disorders to codes: candidates, sheets, adjudication."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from raddiag_engine.errors import ConfigError
from raddiag_train.collection.article import Article
from raddiag_train.collection.decision_log import DecisionLog
from raddiag_train.collection.icd10cm_candidates import Candidates, Ranking, candidates_of, rank_candidates
from raddiag_train.collection.mapping import Mapped, annotators_of, map_disorders
from raddiag_train.collection.settings import BuildSettings, settle, write
from raddiag_train.knowledge.encoder_search import EncoderSearch
from raddiag_train.knowledge.lexical_search import LexicalSearch
from raddiag_train.knowledge.searched_disorder import SearchedDisorder
from tests.train.collection.annotators import codes_carefully, edit_sheet

SEARCHED = tuple(
    SearchedDisorder(name, (code,), (name,))
    for code, name in (
        ("J93", "Pneumothorax and air leak"),
        ("J93.0", "Spontaneous tension pneumothorax"),
        ("D32", "Benign neoplasm of meninges"),
        ("G35", "Multiple sclerosis"),
    )
)
ARTICLES = [Article(title) for title in ("Pneumothorax", "Meningioma", "Multiple sclerosis", "Rigler sign")]
KNOWN = {article.key: article for article in ARTICLES}
CANDIDATES = {article.title: Candidates(article.title, ("J93.9", "D32.9"), ("words",)) for article in ARTICLES}
SETTINGS = BuildSettings("", annotators=("anna", "ben"), candidates=2)


class ByMeaning:
    """An encoder that knows where meningiomas grow."""

    name, width = "by meaning", 2

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1, 0] if re.search("mening|dura", text) else [0, 1] for text in texts], dtype=np.float32)


def test_an_encoder_finds_what_shares_no_word() -> None:
    words = Ranking("words", LexicalSearch(SEARCHED))
    meaning = Ranking("by meaning", EncoderSearch(SEARCHED, ByMeaning()))
    assert "D32" not in rank_candidates("Tumour of the dura", [words], 5).codes
    found = rank_candidates("Tumour of the dura", [words, meaning], 5)
    assert found.codes[0] == "D32"
    assert found.ranked_by == ("words", "by meaning")


def test_a_code_of_exactly_this_name_comes_first() -> None:
    found = rank_candidates("Pneumothorax, unspecified", [Ranking("words", LexicalSearch(SEARCHED))], 2)
    assert found.codes[0] == "J93.9"
    assert len(found.codes) == 2


def test_candidates_are_looked_for_once(tmp_path: Path) -> None:
    path = tmp_path / "candidates.jsonl"
    rankings = [Ranking("words", LexicalSearch(SEARCHED))]
    first = candidates_of(["Multiple sclerosis"], path, lambda: rankings, 3)

    def again() -> list[Ranking]:
        raise AssertionError("they are there")

    assert candidates_of(["Multiple sclerosis"], path, again, 3) == first
    assert set(candidates_of(["Multiple sclerosis", "Pneumothorax"], path, lambda: rankings, 3)) == {
        "Multiple sclerosis",
        "Pneumothorax",
    }
    path.write_text('{"disorder": "x", "codes": ["Z99999"], "ranked_by": []}\n')
    with pytest.raises(ConfigError, match=r"candidates\.jsonl:1: .*'Z99999'"):
        candidates_of(["x"], path, again, 3)


def test_annotators_share_the_work_evenly_and_keep_their_share() -> None:
    names = ("a", "b", "c", "d")
    articles = [Article(f"Disorder {n}") for n in range(600)]
    chosen = [annotators_of(article, names, 2, seed=0) for article in articles]
    counts = Counter(name for pair in chosen for name in pair)
    assert all(260 < counts[name] < 340 for name in names)
    assert len(Counter(chosen)) == 6
    assert chosen[1:] == [annotators_of(article, names, 2, seed=0) for article in articles[1:]]


def mapped(folder: Path) -> Mapped:
    return map_disorders(ARTICLES, CANDIDATES, KNOWN, folder, SETTINGS, DecisionLog(folder / "decisions.jsonl"))


def answer(path: Path, codes: dict[str, str]) -> None:
    edit_sheet(path, lambda row: row.update(code=codes.get(row["disorder"], row["code"])))


def test_agreed_codes_stand_and_the_others_are_adjudicated(tmp_path: Path) -> None:
    assert [sheet.open_rows for sheet in mapped(tmp_path).sheets] == [4, 4]
    edit_sheet(tmp_path / "mapping" / "anna.csv", codes_carefully)
    assert mapped(tmp_path).agreement is None
    answer(
        tmp_path / "mapping" / "ben.csv",
        {
            "Pneumothorax": "1",
            "Meningioma": "d320",
            "Multiple sclerosis": "G35 Multiple sclerosis",
            "Rigler sign": "None",
        },
    )
    state = mapped(tmp_path)
    assert state.codes == {"pneumothorax": "J93.9", "multiple sclerosis": "G35", "rigler sign": "none"}
    assert state.agreement is not None
    assert [level.agreed for level in state.agreement] == [0.75, 1.0]
    sheet = (tmp_path / "adjudication.csv").read_text(encoding="utf-8-sig")
    assert "anna: D32.9 Benign neoplasm of meninges, unspecified; ben: D32.0" in sheet
    answer(tmp_path / "adjudication.csv", {"Meningioma": "D32.9"})
    assert mapped(tmp_path).codes["meningioma"] == "D32.9"
    sources = {d.item: d.source for d in DecisionLog(tmp_path / "decisions.jsonl").decisions if d.stage == "code"}
    assert sources["Meningioma"] == "adjudication"
    assert sources["Pneumothorax"] == "agreement of anna, ben"


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("J93.7", "'J93.7' is not a code of ICD-10-CM.*nearest is J93"),
        ("lung", "'lung' is no ICD-10-CM code"),
        ("J90-J94", "no ICD-10-CM code"),
        ("3", "no candidate 3; there are 2"),
        ("0", "no candidate 0"),
    ],
)
def test_what_is_no_code_is_named_with_its_line(tmp_path: Path, written: str, fault: str) -> None:
    mapped(tmp_path)
    answer(tmp_path / "mapping" / "ben.csv", {"Meningioma": written})
    with pytest.raises(ConfigError, match=rf"ben\.csv:3: .*{fault}"):
        mapped(tmp_path)


def test_settings_are_fixed_by_the_first_run(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text("{}")
    first = settle(tmp_path, records, {"annotators": ("anna", "ben"), "seed": 3})
    assert not (tmp_path / "settings.json").exists()
    write(tmp_path, first)
    assert settle(tmp_path, records, {"seed": 3, "model": None}) == first
    assert settle(tmp_path, records, {"model": "m"}).model == "m"
    with pytest.raises(ConfigError, match="begun with --annotators anna,ben, not anna"):
        settle(tmp_path, records, {"annotators": ("anna",)})
    records.write_text("{} ")
    with pytest.raises(ConfigError, match="not the records"):
        settle(tmp_path, records, {})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"annotators": ("anna", "Anna")}, "same name"),
        ({"annotators": ("../anna", "ben")}, "no name for a sheet"),
        ({"annotators": ("anna",)}, "2 annotators cannot"),
        ({"candidates": 0}, "candidates is 0"),
        ({"sample": -1}, "sample is -1"),
    ],
)
def test_settings_out_of_range_are_refused(tmp_path: Path, given: dict[str, object], fault: str) -> None:
    (tmp_path / "records.jsonl").write_text("{}")
    with pytest.raises(ConfigError, match=fault):
        settle(tmp_path, tmp_path / "records.jsonl", given)
