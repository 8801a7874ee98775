"""Pre-training in several processes gives the losses and the encoder of one, and stops and goes on as one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine.knowledge.encoder_folder import load_encoder
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_train.knowledge.pair import write_pairs
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from raddiag_train.knowledge.pretraining import pretrain
from raddiag_train.knowledge.pretraining_config import read_pretraining_config
from raddiag_train.knowledge.shared_vectors import shared_vectors
from raddiag_train.training.distributed import Processes
from tests.train.knowledge.families import concepts
from tests.train.knowledge.recording_encoder import RecordingEncoder

SETTINGS = [
    "encoder.buckets=2048",
    "encoder.width=32",
    "steps=6",
    "batch_pairs=15",
    "negatives=9",
    "log_steps=1",
    "checkpoint_steps=100",
    'device="cpu"',
]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    write_pairs(tmp_path / "pairs.jsonl", make_pairs(concepts(), PairConfig(held_out=0.1)))
    return tmp_path / "pairs.jsonl"


def losses(run: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (run / "metrics.jsonl").read_text().splitlines()]


def torchrun(pairs: Path, run: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Two processes of the real command line."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "raddiag_engine.cli", "knowledge", "pretrain", str(pairs), "--output", str(run), *more]
    command += [part for setting in SETTINGS for part in ("--set", setting)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)


def test_two_processes_give_the_losses_and_the_encoder_of_one_and_one_goes_on_alone(
    pairs: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert pretrain(read_pretraining_config(None, pairs, SETTINGS), one)
    done = torchrun(pairs, two)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("encoder: ") == 1
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert len(losses(one)) == 6
    texts = ["grbade trouble", "xdebaba", "never seen"]
    expected = load_encoder(one / "model").encode(texts)
    np.testing.assert_allclose(load_encoder(two / "model").encode(texts), expected, atol=1e-4)
    # A run of two processes is gone on with by one: its last step is there already, so that it publishes again.
    assert pretrain(read_pretraining_config(None, pairs, SETTINGS), two, resume=True)
    np.testing.assert_allclose(load_encoder(two / "model").encode(texts), expected, atol=1e-4)


@pytest.mark.parametrize(("count", "encoded"), [(2, [["a", "c"], ["b"]]), (5, [["a"], ["b"], ["c"], ["a"], ["a"]])])
def test_each_process_encodes_its_share(count: int, encoded: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Processes, "total", lambda self, tensor: tensor)
    encoder, parts = RecordingEncoder(), []
    for rank in range(count):
        parts.append(shared_vectors(encoder, ["a", "b", "c"], Processes(rank, rank, count)))
        assert parts[-1].requires_grad
    assert encoder.seen == encoded
    whole = shared_vectors(encoder, ["a", "b", "c"], Processes())
    np.testing.assert_array_equal(sum(parts).detach(), whole.detach())  # type: ignore[attr-defined]


def test_texts_of_any_length_keep_their_places() -> None:
    torch.manual_seed(0)
    encoder = HashedEncoder(64, 8)
    texts = ["fracture " * (1 + 37 * n % 11) + str(n) for n in range(70)]
    whole_NW = encoder(encoder.tokenise(texts))
    torch.testing.assert_close(shared_vectors(encoder, texts, Processes()), whole_NW)
