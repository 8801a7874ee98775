"""Encoders give vectors of length 1, and survive their folder or are refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.encoder_folder import load_encoder, save_encoder
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_engine.knowledge.ngram_features import bucket_ids

TEXTS = ["Spontaneous tension pneumothorax", "tension pneumothorax, spontaneous", "Fracture of femur", "", "脑膜瘤"]


@pytest.fixture
def encoder() -> HashedEncoder:
    torch.manual_seed(0)
    return HashedEncoder(buckets=4096, width=128)


def test_vectors_have_length_one_and_shared_words_draw_near(encoder: HashedEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (5, 128)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > 0.7
    assert abs(vectors[0] @ vectors[2]) < 0.35


def test_a_text_has_the_same_vector_in_any_company(encoder: HashedEncoder) -> None:
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert encoder.encode([]).shape == (0, 128)


def test_rare_features_count_more_once_prepared(encoder: HashedEncoder) -> None:
    names = [f"disorder {word}" for word in ("alpha", "bravo", "charlie", "delta", "foxtrot", "golf")]
    before = encoder.encode(names)
    encoder.prepare(names)
    after = encoder.encode(names)
    assert (before @ before.T)[0, 1:].mean() > (after @ after.T)[0, 1:].mean() + 0.1


def test_features_are_hashed_alike_in_every_process() -> None:
    # Python's own hash differs from process to process.
    assert sorted(bucket_ids("Rib", 1000).tolist()) == [107, 273, 635, 676, 750, 862, 866]
    assert bucket_ids("Tumours of the lung", 999).tolist() == bucket_ids("tumor lungs", 999).tolist()


def test_an_encoder_survives_its_folder(encoder: HashedEncoder, tmp_path: Path) -> None:
    encoder.prepare(TEXTS)
    digest = save_encoder(encoder, tmp_path / "encoder", {"pairs": 3})
    described = json.loads((tmp_path / "encoder" / "encoder.json").read_text())
    assert described["weights_sha256"] == digest
    assert described["training"] == {"pairs": 3}
    np.testing.assert_array_equal(load_encoder(tmp_path / "encoder").encode(TEXTS), encoder.encode(TEXTS))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("weights", "not the weights"),
        ("schema", "schema 1"),
        ("kind", "unknown kind 'oracle'"),
        ("json", "cannot be read"),
        ("no weights", "model.safetensors is missing"),
        ("nothing", "encoder.json is missing"),
    ],
)
def test_a_damaged_folder_is_refused(encoder: HashedEncoder, tmp_path: Path, damage: str, reason: str) -> None:
    folder = tmp_path / "encoder"
    save_encoder(encoder, folder, {})
    description, weights = folder / "encoder.json", folder / "model.safetensors"
    if damage == "weights":
        weights.write_bytes(weights.read_bytes()[:-4] + b"\1\2\3\4")
    elif damage == "no weights":
        weights.unlink()
    elif damage == "nothing":
        description.unlink()
    elif damage == "json":
        description.write_text("{")
    else:
        data = json.loads(description.read_text())
        description.write_text(json.dumps(data | {damage: "oracle"}))
    with pytest.raises(ModelError, match=reason):
        load_encoder(folder)


def test_a_transformers_folder_needs_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelError, match=r"pip install 'napari-raddiag\[knowledge\]'"):
        load_encoder(tmp_path)
