"""Several processes compute what one computes, stop together, and a run goes on with another number of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from safetensors.torch import load_file

from raddiag_train.training import loop
from raddiag_train.training.checkpoint import checkpoints
from raddiag_train.training.config import read_config
from raddiag_train.training.loop import train
from tests.train.training.blob_cases import write_blob_cases, write_recipe

# Parts of four cases: some hold one volume or none, so that a process has none.
SETTINGS = [
    "optimisation.batch_cases=8",
    "optimisation.accumulation=2",
    "optimisation.case_mixing=0.3",
    "optimisation.localisation_weight=0.3",
    # So low that what rounding differs by does not grow from step to step.
    "optimisation.learning_rate=1e-5",
    "run.validation_steps=4",
]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blobs")
    write_blob_cases(folder, masks=True)
    return write_recipe(folder)


def torchrun(recipe: Path, output: Path, settings: list[str]) -> subprocess.Popen[bytes]:
    """Two processes of the real command line."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "raddiag_engine.cli", "train", str(recipe), "--output", str(output)]
    command += [part for setting in settings for part in ("--set", setting)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )


class StopsAtOnce:
    """A signal that is there from the start: a run makes one step."""

    received = True

    def __enter__(self) -> StopsAtOnce:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def lines(folder: Path, kind: str) -> list[dict]:
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in found if line["kind"] == kind]


def test_two_processes_give_the_losses_and_the_model_of_one(recipe: Path, tmp_path: Path) -> None:
    settings = [*SETTINGS, "optimisation.steps=8"]
    with torchrun(recipe, tmp_path / "two", settings) as process:
        assert train(read_config(recipe, settings), tmp_path / "one")
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    assert output.decode().count("model: ") == 1
    for kind, names in (("training", ("loss", "gradient_norm")), ("validation", ("step",))):
        one, two = lines(tmp_path / "one", kind), lines(tmp_path / "two", kind)
        assert [line["step"] for line in two] == [line["step"] for line in one]
        for name in names:
            tolerance = 1e-2 if name == "gradient_norm" else 1e-4  # of a few voxels' variance
            assert [line[name] for line in two] == pytest.approx([line[name] for line in one], rel=tolerance)
    expected, found = (load_file(checkpoints(tmp_path / n / "checkpoints")[-1]) for n in ("one", "two"))
    assert expected.keys() == found.keys()
    for name in expected:
        if name.startswith("network.") and "running" in name:
            assert found[name].tolist() == pytest.approx(expected[name].tolist(), rel=1e-3, abs=1e-4), name
    assert json.loads((tmp_path / "two" / "environment.json").read_text())[0]["processes"] == 2


def test_a_signal_to_one_process_stops_all_and_one_alone_goes_on(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, settings = tmp_path / "run", [*SETTINGS, "optimisation.steps=100000", "run.checkpoint_steps=100000"]
    settings += ["run.validation_steps=100000"]
    with torchrun(recipe, folder, settings) as process:
        deadline = time.monotonic() + 240
        while not (folder / "metrics.jsonl").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        second = [p for p in psutil.Process(process.pid).children() if p.environ().get("RANK") == "1"]
        second[0].send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    assert errors.decode().count("stopped; a checkpoint is in") == 1
    assert process.returncode != 0
    [saved] = checkpoints(folder / "checkpoints")
    stopped = int(saved.stem.removeprefix("step-"))
    assert stopped == lines(folder, "training")[-1]["step"]
    monkeypatch.setattr(loop, "StopSignal", StopsAtOnce)
    assert not train(read_config(recipe, settings), folder, resume=True)
    assert [line["step"] for line in lines(folder, "training")] == list(range(1, stopped + 2))
    parts = json.loads((folder / "environment.json").read_text())
    assert [(part["processes"], part["first_step"]) for part in parts] == [(2, 0), (1, stopped)]
