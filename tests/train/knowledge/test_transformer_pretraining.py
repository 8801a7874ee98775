"""A small language model is pre-trained, goes on after a stop, and gives a knowledge head its text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine import Engine
from raddiag_engine.cli import main
from raddiag_engine.knowledge.embedding_file import read_embeddings
from raddiag_engine.knowledge.encoder_folder import load_encoder
from raddiag_engine.knowledge.identity import encoder_sha256
from raddiag_engine.models.folder import load_model
from raddiag_train.knowledge.pair import write_pairs
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from raddiag_train.knowledge.pretraining import pretrain
from raddiag_train.knowledge.pretraining_config import EncoderConfig, PretrainingConfig
from raddiag_train.training.config import read_config
from raddiag_train.training.loop import train
from tests.engine.knowledge.tiny_bert import state_mean_pooling, write_tiny_bert
from tests.train.knowledge.families import concepts
from tests.train.training.blob_cases import write_blob_cases, write_recipe


@pytest.fixture
def start(tmp_path: Path) -> Path:
    folder = write_tiny_bert(tmp_path / "bert", dropout=0.1)
    state_mean_pooling(folder)
    return folder


def test_pretraining_learns_and_a_resumed_run_has_the_same_numbers(start: Path, tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.jsonl", make_pairs(concepts(), PairConfig(held_out=0.1)))
    config = PretrainingConfig(
        str(tmp_path / "pairs.jsonl"),
        EncoderConfig(str(start)),
        steps=200,
        batch_pairs=16,
        learning_rate=3e-3,
        log_steps=40,
        checkpoint_steps=100,
        kept_checkpoints=2,
        device="cpu",
    )
    assert pretrain(config, tmp_path / "run")
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.9 * losses[0]
    whole = load_encoder(tmp_path / "run" / "model")
    assert whole.settings() == {"pooling": "mean"}
    # Back to the middle of the run.
    (tmp_path / "run" / "checkpoints" / "step-000000200.safetensors").unlink()
    assert pretrain(config, tmp_path / "run", resume=True)
    texts = ["grbade trouble", "xdebaba", "never seen"]
    np.testing.assert_array_equal(load_encoder(tmp_path / "run" / "model").encode(texts), whole.encode(texts))
    # For programs that know nothing of encoder.json, the folder says itself how it pools.
    (tmp_path / "run" / "model" / "encoder.json").unlink()
    np.testing.assert_array_equal(load_encoder(tmp_path / "run" / "model").encode(texts), whole.encode(texts))
    modules = json.loads((tmp_path / "run" / "model" / "modules.json").read_text())
    assert [module["type"].rpartition(".")[2] for module in modules] == ["Transformer", "Pooling", "Normalize"]
    assert all((tmp_path / "run" / "model" / module["path"]).is_dir() for module in modules)


def test_names_are_embedded_as_the_folder_states(
    start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "names.txt").write_text("Meningioma\nPneumothorax\n")
    output = tmp_path / "names.safetensors"
    given = ["knowledge", "embed", str(tmp_path / "names.txt"), "--encoder", str(start), "--output", str(output)]
    assert main(given) == 0
    stored, encoder = read_embeddings(output), load_encoder(start, "mean")
    assert stored.encoder_sha256 == encoder_sha256(encoder)
    np.testing.assert_allclose(stored.vectors_NW, encoder.encode(["Meningioma", "Pneumothorax"]), atol=1e-6)
    assert main([*given, "--pooling", "cls"]) == 0
    assert read_embeddings(output).encoder_sha256 == encoder_sha256(load_encoder(start, "cls"))


def test_a_knowledge_head_is_built_on_it(start: Path, tmp_path: Path) -> None:
    write_blob_cases(tmp_path / "blobs")
    settings = ['network.head.kind="knowledge"', f'knowledge.encoder="{start}"', "optimisation.steps=2"]
    assert train(read_config(write_recipe(tmp_path / "blobs"), settings), tmp_path / "model_run")
    model = load_model(tmp_path / "model_run" / "model")
    card = model.card.knowledge_encoder
    assert card is not None
    assert (card.kind, card.settings, card.stored) == ("transformer", {"pooling": "mean"}, False)
    names = [disorder.name for disorder in model.card.disorders]
    expected = load_encoder(start).encode(names)
    np.testing.assert_allclose(model.network.head.text_embeddings_KT.numpy(), expected, atol=2e-3)
    assert card.sha256 == encoder_sha256(load_encoder(start))
    assert Engine.load(str(tmp_path / "model_run" / "model"), device="cpu") is not None
