"""What a data set's labels mean to a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Disorder
from raddiag_train.experiments.zero_shot.label_mapping import Label, map_labels, mapping_csv, read_mapping
from raddiag_train.knowledge.lexical_search import LexicalSearch
from raddiag_train.knowledge.searched_disorder import SearchedDisorder

DISORDERS = (
    Disorder("Normal", normal=True),
    Disorder("Pituitary macroadenoma", ("D35.2",)),
    Disorder("Pituitary tumor", ("D35.2",)),
    Disorder("Glioblastoma", ("C71.9",)),
    Disorder("Brainstem glioma", ("C71.7",)),
    Disorder("Simple renal cyst", ()),
)
SEARCH = LexicalSearch([SearchedDisorder(d.name, d.icd10cm, (d.name,)) for d in DISORDERS if not d.normal])


def mapped(label: Label, *methods: str) -> tuple[tuple[str, ...], str]:
    [found] = map_labels([label], DISORDERS, methods or ("name", "code", "text"), SEARCH)  # type: ignore[arg-type]
    return found.disorders, found.method


def test_a_name_is_found_in_another_spelling_before_its_code_is() -> None:
    assert mapped(Label("Pituitary tumours", ("D35.2",))) == (("Pituitary tumor",), "name")


def test_a_code_finds_every_disorder_of_it_and_below_it() -> None:
    assert mapped(Label("Hypophysis", ("D35.2",)), "code") == (("Pituitary macroadenoma", "Pituitary tumor"), "code")
    assert mapped(Label("Cancer of the brain", ("C71",)), "code") == (("Glioblastoma", "Brainstem glioma"), "code")


def test_a_code_that_no_disorder_has_finds_those_of_its_category() -> None:
    assert mapped(Label("Tumour of the frontal lobe", ("C71.1",)), "code")[0] == ("Glioblastoma", "Brainstem glioma")


def test_text_finds_the_nearest_and_goes_last() -> None:
    assert mapped(Label("Renal cyst", ("N28.1",))) == (("Simple renal cyst",), "text")
    assert mapped(Label("Renal cyst", ("N28.1",)), "name", "code") == ((), "")


def test_normal_means_normal_alone() -> None:
    assert mapped(Label("Normal"))[0] == ("Normal",)
    [found] = map_labels([Label("Normal")], DISORDERS[1:], ("name", "code", "text"), SEARCH)
    assert found.disorders == ()


def test_ones_own_mapping_goes_first(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text('"Glioma" = ["Glioblastoma", "Brainstem glioma"]\n', encoding="utf-8")
    given = read_mapping(tmp_path / "map.toml")
    [found] = map_labels([Label("Glioma", ("D35.2",))], DISORDERS, given=given)
    assert (found.disorders, found.method) == (("Glioblastoma", "Brainstem glioma"), "file")
    assert mapping_csv("demo", [found]).splitlines()[1] == "demo,Glioma,D35.2,Glioblastoma; Brainstem glioma,file"


def test_a_wrong_mapping_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'Glioblastoma'"):
        map_labels([Label("Glioma")], DISORDERS, given={"Glioma": ["Glioblastom"]})
    (tmp_path / "map.toml").write_text('"Glioma" = "Glioblastoma"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="must be a list"):
        read_mapping(tmp_path / "map.toml")
