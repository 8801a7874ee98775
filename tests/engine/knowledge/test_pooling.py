"""A folder's own statement says how its token vectors become one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.encoder_source import encoder_folder
from raddiag_engine.knowledge.pooling import Pooling, stated_pooling, write_pooling


def write(folder: Path, stated: object, modules: tuple[str, ...] = ("Transformer", "Pooling", "Normalize")) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(stated if isinstance(stated, str) else json.dumps(stated))
    listed = [{"idx": n, "type": f"sentence_transformers.models.{kind}"} for n, kind in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(listed))


@pytest.mark.parametrize(
    ("stated", "pooling"),
    [
        ({"word_embedding_dimension": 384, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode": "mean", "include_prompt": True}, "mean"),
        ({"pooling_mode": "cls"}, "cls"),
    ],
)
def test_it_is_as_the_folder_states(tmp_path: Path, stated: object, pooling: str) -> None:
    write(tmp_path, stated)
    assert stated_pooling(tmp_path) == pooling


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_what_is_written_is_read_back(tmp_path: Path, pooling: Pooling) -> None:
    write_pooling(tmp_path, pooling, 384, 128)
    assert stated_pooling(tmp_path) == pooling
    flags = json.loads((tmp_path / "1_Pooling" / "config.json").read_text())
    assert flags["word_embedding_dimension"] == 384
    assert json.loads((tmp_path / "sentence_bert_config.json").read_text())["max_seq_length"] == 128


def test_a_folder_that_states_nothing_pools_by_the_first_token(tmp_path: Path) -> None:
    assert stated_pooling(tmp_path) == "cls"


@pytest.mark.parametrize(
    ("stated", "modules", "reason"),
    [
        ({"pooling_mode_max_tokens": True}, (), "neither by the first token nor by the mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, (), "neither by the first token"),
        ({"pooling_mode": "lasttoken"}, (), "neither by the first token"),
        ({"pooling_mode_mean_tokens": True}, ("Transformer", "Pooling", "Dense"), "has Dense after pooling"),
        ("{", (), "cannot be read"),
        ("[]", (), "not a table"),
    ],
)
def test_any_other_way_is_refused_with_the_setting_that_helps(
    tmp_path: Path, stated: object, modules: tuple[str, ...], reason: str
) -> None:
    write(tmp_path, stated, modules)
    with pytest.raises(ModelError, match=reason):
        stated_pooling(tmp_path)


@pytest.mark.parametrize("name", ["encoder", "./runs/encoder", "/runs/encoder", "runs/a/encoder", "../encoder"])
def test_a_name_that_is_no_repository_is_a_folder_and_nothing_is_asked_for(name: str, tmp_path: Path) -> None:
    assert encoder_folder(name) == Path(name)


def test_a_folder_that_is_there_goes_before_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ncbi" / "MedCPT-Query-Encoder").mkdir(parents=True)
    assert encoder_folder("ncbi/MedCPT-Query-Encoder") == Path("ncbi/MedCPT-Query-Encoder")
