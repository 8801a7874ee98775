"""Pre-training starts from a repository of the hub: huggingface_hub itself, speaking to a hub on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from raddiag_engine.knowledge.encoder_folder import load_encoder, save_encoder
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_train.knowledge.pair import write_pairs
from raddiag_train.knowledge.pairs import PairConfig, make_pairs
from tests.engine.knowledge.hub_server import hub_of
from tests.train.knowledge.families import concepts

REPOSITORY = "a-lab/names-encoder"


def pretrain(folder: Path, endpoint: str, start: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """One step of the real command line, hardly a step at all, in a folder of its own."""
    write_pairs(folder / "pairs.jsonl", make_pairs(concepts(), PairConfig(held_out=0.1)))
    command = ["knowledge", "pretrain", "pairs.jsonl", "--output", "run"]
    for setting in (f"encoder.start={start}", "steps=1", "batch_pairs=8", "learning_rate=1e-9", "device=cpu"):
        command += ["--set", setting]
    return raddiag(folder, endpoint, *command, **variables)


def raddiag(folder: Path, endpoint: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command that speaks to this hub alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_") and "proxy" not in name}
    environment = {**kept, "HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "hf"), **variables}
    environment["RADDIAG_HOME"] = str(folder / "home")
    return subprocess.run(
        [sys.executable, "-m", "raddiag_engine.cli", *command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        timeout=240,
        check=False,
    )


def test_it_starts_from_a_repository_and_fetches_it_once(tmp_path: Path) -> None:
    torch.manual_seed(5)
    encoder = HashedEncoder(buckets=512, width=16)
    save_encoder(encoder, tmp_path / "repository", {})
    (tmp_path / "repository" / "pytorch_model.bin").write_bytes(b"pickled, never to be fetched")
    with hub_of(REPOSITORY, tmp_path / "repository") as (endpoint, given):
        done = pretrain(tmp_path, endpoint, REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert sorted(given) == ["encoder.json", "model.safetensors"]
    learned = load_encoder(tmp_path / "run" / "model").encode(["x", "pneumothorax"])
    np.testing.assert_allclose(learned, encoder.encode(["x", "pneumothorax"]), atol=1e-5)
    # The hub is gone now: what was fetched is there.
    (tmp_path / "run").rename(tmp_path / "first")
    again = pretrain(tmp_path, endpoint, REPOSITORY)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run" / "model" / "model.safetensors").exists()


def refusal(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    """The one line of a refused start, which wrote nothing."""
    assert done.returncode == 2
    assert not (folder / "run").exists()
    [line] = done.stderr.strip().splitlines()
    return line


def test_without_network_it_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as nobody:  # bound, but not listening
        nobody.bind(("127.0.0.1", 0))
        line = refusal(pretrain(tmp_path, f"http://127.0.0.1:{nobody.getsockname()[1]}", REPOSITORY), tmp_path)
    assert "huggingface.co/a-lab/names-encoder: no connection to the hub" in line
    assert "there is no such folder here" in line


def test_a_repository_that_the_hub_does_not_have_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    with hub_of(REPOSITORY, tmp_path / "repository") as (endpoint, _):
        line = refusal(pretrain(tmp_path, endpoint, "a-lab/typo"), tmp_path)
    assert "huggingface.co/a-lab/typo: the hub does not give it out" in line


def test_search_and_data_build_take_a_repository_too(tmp_path: Path) -> None:
    torch.manual_seed(5)
    save_encoder(HashedEncoder(buckets=512, width=16), tmp_path / "repository", {})
    (tmp_path / "records.jsonl").write_text('{"no": "record"}\n')
    with hub_of(REPOSITORY, tmp_path / "repository") as (endpoint, given):
        search = ("knowledge", "search", "Gallstones", "--model", "demo", "--top", "1", "--encoder", REPOSITORY)
        found = raddiag(tmp_path, endpoint, *search)
        build = ("data", "build", "records.jsonl", "--work", "work", "--encoder")
        refused = [raddiag(tmp_path, endpoint, *build, name) for name in (REPOSITORY, "a-lab/typo")]
    assert "Gallstones" in found.stdout, found.stderr
    assert given.count("model.safetensors") == 1
    # The encoder is there, so that the first fault is the record's.
    assert "records.jsonl:1" in refused[0].stderr
    assert "huggingface.co/a-lab/typo" in refused[1].stderr
    assert not (tmp_path / "work").exists()
