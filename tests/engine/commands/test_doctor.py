"""`raddiag doctor` says what is there, and exits with 1 if the engine cannot work."""

from __future__ import annotations

import argparse
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import torch

from raddiag_engine.commands import doctor
from raddiag_engine.models import registry
from raddiag_engine.network.model import RadDiag
from tests.engine.models.small_model import save_small_model


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model in the place of the bundled one."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(registry, "bundled_folder", lambda name: tmp_path / name)
    save_small_model(tmp_path / "demo")
    return tmp_path / "demo"


def run() -> int:
    return doctor.run(argparse.Namespace())


def test_a_working_installation_is_sound(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    printed = capsys.readouterr().out
    for word in (version("torch"), version("pydicom"), "threads", "demo model", "self-test on cpu"):
        assert word in printed
    assert "FAILED" not in printed


def test_a_damaged_bundled_model_is_a_failure(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (demo / "model.safetensors").write_bytes(b"")
    assert run() == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "FAILED" in printed
    assert "a random network" in printed  # the self-test goes on without the model


def test_a_missing_package_is_a_failure_unless_it_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_torch_is_installed(name: str) -> str:
        if name != "torch":
            raise PackageNotFoundError(name)
        return "2.13.0"

    monkeypatch.setattr(doctor, "version", only_torch_is_installed)
    sound = {finding.subject: finding.sound for finding in doctor.packages()}
    assert sound["torch"]
    assert not sound["pydicom"]
    assert sound["napari"]


@pytest.mark.parametrize("wrong", [float("nan"), 1.0])
def test_a_network_that_computes_wrongly_fails_the_self_test(
    demo: Path, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    forward, calls = RadDiag.forward, []

    def drifting(network: RadDiag, batch: object) -> torch.Tensor:
        calls.append(batch)
        return forward(network, batch) + wrong * (len(calls) - 1)  # type: ignore[arg-type]

    monkeypatch.setattr(RadDiag, "forward", drifting)
    finding = doctor.self_test("cpu")
    assert not finding.sound
    assert "wrong numbers" in finding.text


def test_a_device_that_fails_is_reported_in_one_line(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(network: RadDiag, device: str) -> RadDiag:
        raise torch.OutOfMemoryError("CUDA out of memory.\nSee the documentation")

    monkeypatch.setattr(RadDiag, "to", fail)
    finding = doctor.self_test("cuda:0")
    assert not finding.sound
    assert finding.text == "OutOfMemoryError: CUDA out of memory."
