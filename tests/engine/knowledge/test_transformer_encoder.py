"""A language model's folder as a knowledge encoder: pooled as stated, the same after its folder, refused if damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.encoder_folder import load_encoder, save_encoder
from raddiag_engine.knowledge.identity import encoder_sha256
from tests.engine.knowledge.tiny_bert import state_mean_pooling, write_tiny_bert

TEXTS = ["spontaneous tension pneumothorax", "meningioma", "", "fracture of the neck of the femur"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_bert(tmp_path / "bert")


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_vectors_are_those_of_transformers_itself(folder: Path, pooling: str) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer  # type: ignore[import-not-found]

    tokeniser, body = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    vectors = load_encoder(folder, pooling).encode(TEXTS)  # type: ignore[arg-type]
    for text, vector in zip(TEXTS, vectors, strict=True):  # alone, so without any padding
        with torch.no_grad():
            hidden = body(**tokeniser(text, return_tensors="pt")).last_hidden_state[0]
        pooled = hidden[0] if pooling == "cls" else hidden.mean(0)
        np.testing.assert_allclose(vector, (pooled / pooled.norm()).numpy(), atol=1e-5)


def test_the_folder_states_the_pooling_and_a_setting_overrides_it(folder: Path) -> None:
    assert load_encoder(folder).settings() == {"pooling": "cls"}
    state_mean_pooling(folder)
    assert load_encoder(folder).settings() == {"pooling": "mean"}
    assert load_encoder(folder, "cls").settings() == {"pooling": "cls"}


def test_it_survives_its_folder(folder: Path, tmp_path: Path) -> None:
    encoder = load_encoder(folder, "mean")
    save_encoder(encoder, tmp_path / "saved", {})
    again = load_encoder(tmp_path / "saved")
    np.testing.assert_array_equal(again.encode(TEXTS), encoder.encode(TEXTS))
    assert encoder_sha256(again) == encoder_sha256(encoder)
    assert again.settings() == {"pooling": "mean"}
    save_encoder(encoder, tmp_path / "saved", {})  # over itself, as a run that is gone on with does


def test_a_folder_without_the_unused_pooler_is_the_same_encoder_each_time(tmp_path: Path) -> None:
    whole, without = write_tiny_bert(tmp_path / "whole"), write_tiny_bert(tmp_path / "without", pooler=False)
    assert encoder_sha256(load_encoder(without)) == encoder_sha256(load_encoder(without))
    assert encoder_sha256(load_encoder(whole)) == encoder_sha256(load_encoder(whole))


def test_it_is_ready_to_embed(tmp_path: Path) -> None:
    encoder = load_encoder(write_tiny_bert(tmp_path / "bert", dropout=0.5))
    assert not encoder.training
    np.testing.assert_array_equal(encoder.encode(TEXTS), encoder.encode(TEXTS))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [("a weight", "1 weights are missing, such as"), ("all weights", "not a usable"), ("cut off", "not a usable")],
)
def test_a_damaged_folder_is_refused_and_nothing_is_left_to_chance(folder: Path, damage: str, reason: str) -> None:
    path = folder / "model.safetensors"
    if damage == "a weight":
        tensors = load_file(path)
        del tensors["encoder.layer.1.output.dense.weight"]
        save_file(tensors, path, metadata={"format": "pt"})
    elif damage == "all weights":
        path.rename(folder / "pytorch_model.bin")
    else:
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=reason) as error:
        load_encoder(folder)
    assert "\n" not in str(error.value)
