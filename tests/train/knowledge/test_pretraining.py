"""Pre-training learns what the pairs say, goes on after a stop with the same numbers, and refuses bad settings."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine.errors import ConfigError, ModelError, RaddiagError
from raddiag_engine.knowledge.encoder_folder import load_encoder
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_train.knowledge import pretraining
from raddiag_train.knowledge.pair import KnowledgePair, read_pairs, write_pairs
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from raddiag_train.knowledge.pretraining import pretrain
from raddiag_train.knowledge.pretraining_config import EncoderConfig, PretrainingConfig, read_pretraining_config
from raddiag_train.knowledge.starting_encoder import starting_encoder
from tests.train.knowledge.families import concepts

SMALL = EncoderConfig(buckets=2048, width=32)


@pytest.fixture
def pairs_path(tmp_path: Path) -> Path:
    write_pairs(tmp_path / "pairs.jsonl", make_pairs(concepts(), PairConfig(held_out=0.1)))
    return tmp_path / "pairs.jsonl"


def config(pairs_path: Path, **settings: object) -> PretrainingConfig:
    given = {"encoder": SMALL, "steps": 6, "batch_pairs": 16, "checkpoint_steps": 2, "log_steps": 2, "device": "cpu"}
    return PretrainingConfig(str(pairs_path), **{**given, **settings})  # type: ignore[arg-type]


def learned(settings: PretrainingConfig, run: Path, *, resume: bool = False) -> TrainableEncoder:
    assert pretrain(settings, run, resume=resume)
    return load_encoder(run / "model")


def right_first(encoder: object, pairs: list[KnowledgePair]) -> float:
    """Share of the synonyms that are nearest to their own term among all terms."""
    terms = list(dict.fromkeys(pair.term for pair in pairs))
    scores = encoder.encode([pair.text for pair in pairs]) @ encoder.encode(terms).T  # type: ignore[attr-defined]
    return float(np.mean([terms[best] == pair.term for best, pair in zip(scores.argmax(1), pairs, strict=True)]))


def test_it_learns_synonyms_that_share_no_word(pairs_path: Path, tmp_path: Path) -> None:
    training = [pair for pair in read_pairs(pairs_path) if pair.part == "train"]
    synonyms = [pair for pair in training if pair.kind == "synonym"]
    before = right_first(starting_encoder(SMALL, training, 0), synonyms)
    encoder = learned(config(pairs_path, steps=120, learning_rate=0.02), tmp_path / "run")
    assert before < 0.2
    assert right_first(encoder, synonyms) > 0.9
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 120
    assert lines[-1]["loss"] < lines[0]["loss"] / 2


def test_the_run_folder(pairs_path: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    encoder = learned(config(pairs_path), run)
    names = ["checkpoints", "config.toml", "environment.json", "metrics.jsonl", "model"]
    assert sorted(path.name for path in run.iterdir()) == names
    assert tomllib.loads((run / "config.toml").read_text())["encoder"]["width"] == 32
    described = json.loads((run / "model" / "encoder.json").read_text())
    assert described["training"]["sources"] == ["families"]
    assert described["training"]["pairs"] == sum(pair.part == "train" for pair in read_pairs(pairs_path))
    assert str(tmp_path) not in json.dumps(described)
    assert encoder.encode(["x"]).shape == (1, 32)


def test_with_what_and_from_which_pairs_it_was_computed_is_written_down_part_by_part(
    pairs_path: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    learned(config(pairs_path, checkpoint_steps=4), run)
    last = sorted((run / "checkpoints").iterdir())[-1]
    pretrain(config(pairs_path), run, resume=True)
    first, second = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    assert (first["first_step"], second["first_step"]) == (0, int(last.stem.split("-")[1]))
    assert first["data_sha256"] == second["data_sha256"] and first["run_sha256"] == second["run_sha256"]
    assert first["sources"] == ["families"] and first["processes"] == 1
    assert (first["device"], first["precision"], first["seed"]) == ("cpu", "float32", config(pairs_path).seed)
    assert first["packages"]["torch"] == torch.__version__
    assert str(tmp_path) not in json.dumps(first)


def test_a_stopped_run_goes_on_with_the_same_numbers(
    pairs_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learned(config(pairs_path, negatives=5), tmp_path / "whole")
    looks = iter([False] * 2 + [True])  # the third step ends with a signal

    class Stop(pretraining.StopSignal):
        @property
        def received(self) -> bool:  # type: ignore[override]
            return next(looks)

        @received.setter
        def received(self, value: bool) -> None:
            pass

    with monkeypatch.context() as patch:
        patch.setattr(pretraining, "StopSignal", Stop)
        assert not pretrain(config(pairs_path, negatives=5), tmp_path / "run")
    assert not (tmp_path / "run" / "model").exists()
    resumed = learned(config(pairs_path, negatives=5), tmp_path / "run", resume=True)
    texts = ["grbade trouble", "xdebaba", "never seen"]
    np.testing.assert_array_equal(resumed.encode(texts), whole.encode(texts))
    steps = [json.loads(line)["step"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert steps == sorted(set(steps))
    assert steps[-1] == 6


def test_a_run_is_not_overwritten_nor_mixed_with_another(pairs_path: Path, tmp_path: Path) -> None:
    pretrain(config(pairs_path), tmp_path / "run")
    with pytest.raises(ConfigError, match="holds a run already"):
        pretrain(config(pairs_path), tmp_path / "run")
    with pytest.raises(ModelError, match="other data, labels or settings"):
        pretrain(config(pairs_path, temperature=0.5), tmp_path / "run", resume=True)


def test_training_never_reads_the_part_kept_out(pairs_path: Path, tmp_path: Path) -> None:
    encoder = learned(config(pairs_path), tmp_path / "whole")
    training = [pair for pair in read_pairs(pairs_path) if pair.part == "train"]
    write_pairs(tmp_path / "training.jsonl", training)
    assert len(training) < len(read_pairs(pairs_path))
    alone = learned(config(tmp_path / "training.jsonl"), tmp_path / "alone")
    np.testing.assert_array_equal(alone.encode(["x", "y"]), encoder.encode(["x", "y"]))


def test_it_starts_from_another_encoder(pairs_path: Path, tmp_path: Path) -> None:
    first = learned(config(pairs_path), tmp_path / "first")
    start = EncoderConfig(start=str(tmp_path / "first" / "model"))
    second = learned(config(pairs_path, encoder=start, steps=1, learning_rate=1e-9), tmp_path / "second")
    np.testing.assert_allclose(second.encode(["x"]), first.encode(["x"]), atol=1e-5)


def test_a_loss_that_is_not_finite_ends_the_run(pairs_path: Path, tmp_path: Path) -> None:
    with pytest.raises(RaddiagError, match="not finite"):
        pretrain(config(pairs_path, temperature=1e-40), tmp_path / "run")


def test_a_starting_encoder_that_is_not_there(pairs_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no knowledge encoder here"):
        pretrain(config(pairs_path, encoder=EncoderConfig(start=str(tmp_path / "none"))), tmp_path / "run")


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ("temperature=0", "temperature"),
        ("temprature=0.1", "did you mean 'temperature'"),
        ("batch_pairs=1", "batch_pairs"),
        ("steps=0", "steps"),
        ("shares={rumour = 1.0}", "shares"),
        ("encoder.width=0", "width"),
        ("encoder.pooling=max", "pooling"),
        ("negatives=-1", "negatives"),
        ("warmup_share=1.0", "warmup_share"),
    ],
)
def test_wrong_settings_are_named(pairs_path: Path, assignment: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_pretraining_config(None, pairs_path, [assignment])


def test_settings_come_from_recipe_and_command_line(pairs_path: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("steps = 7\ntemperature = 0.1\n[encoder]\nwidth = 64\n")
    read = read_pretraining_config(tmp_path / "recipe.toml", pairs_path, ["steps=9"])
    assert (read.steps, read.temperature, read.encoder.width) == (9, 0.1, 64)
    with pytest.raises(ConfigError, match="no such recipe"):
        read_pretraining_config(tmp_path / "none.toml", pairs_path, [])
