"""`raddiag models`: what it prints, and one line with exit status 2 for what cannot be done."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from raddiag_engine.commands import models as command
from raddiag_engine.errors import RaddiagError
from raddiag_engine.models import registry
from raddiag_engine.models.card import read_card
from tests.engine.models.small_model import save_small_model


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model in the place of the bundled one, and an empty user folder."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(registry, "bundled_folder", lambda name: tmp_path / name)
    save_small_model(tmp_path / "demo")
    return tmp_path / "demo"


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    args = parser.parse_args(["models", *arguments])
    return int(args.run(args))


def test_the_list_tells_what_is_here_and_what_can_be_pulled(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(model["name"], model["origin"], model["disorders"]) for model in listed["models"]] == [
        ("demo", "bundled", 3)
    ]
    assert listed["to_pull"] == ["raddiag-5569"]
    assert run("list") == 0
    assert "raddiag models pull raddiag-5569" in " ".join(capsys.readouterr().out.split())


def test_a_damaged_card_does_not_hide_the_other_models(
    demo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_small_model(tmp_path / "home" / "models" / "broken")
    (tmp_path / "home" / "models" / "broken" / "card.json").write_text("{")
    assert run("list", "--json") == 0
    demo_row, broken_row = json.loads(capsys.readouterr().out)["models"]
    assert (demo_row["disorders"], demo_row["error"]) == (3, None)
    assert "JSON" in broken_row["error"]
    assert run("list") == 0
    assert "JSON" in capsys.readouterr().out


def test_the_card_is_shown_as_a_table_or_whole(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "demo") == 0
    shown = capsys.readouterr().out
    for word in ("Meningioma", "D32", "Research use only", "head and neck", "resnet encoder"):
        assert word in shown
    assert run("show", str(demo), "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((demo / "card.json").read_text())


def test_a_sound_model_verifies_and_a_changed_one_does_not(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", "demo") == 0
    assert read_card(demo / "card.json").weights_sha256[:16] in capsys.readouterr().out
    with (demo / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(RaddiagError, match="SHA-256"):
        run("verify", "demo")


def test_an_unknown_model_suggests_the_nearest(demo: Path) -> None:
    with pytest.raises(RaddiagError, match="did you mean 'demo'"):
        run("show", "deom")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, str]]:
    """What the command's progress bar is told."""
    told: list[tuple[int, int, str]] = []

    @contextmanager
    def recording() -> Iterator[Callable[[int, int, str], None]]:
        yield lambda done, total, what: told.append((done, total, what))

    monkeypatch.setattr(command, "progress_bar", recording)
    return told


def test_verifying_moves_a_progress_bar_to_its_end(demo: Path, steps: list[tuple[int, int, str]]) -> None:
    assert run("verify", "demo") == 0
    assert "hashing" in steps[0][2]
    done, total, _ = steps[-1]
    assert done == total > 1


def test_importing_moves_a_progress_bar(demo: Path, tmp_path: Path, steps: list[tuple[int, int, str]]) -> None:
    torch.save({"fc.2.weight": torch.zeros(1, 4)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "labels.json").write_text('{"Normal": 0, "Meningioma": 1}')
    with pytest.raises(RaddiagError):
        run("import", str(tmp_path / "pytorch_model.bin"), "--labels", str(tmp_path / "labels.json"),
            "--output", str(tmp_path / "out"))  # fmt: skip
    assert steps == [(0, 3, "reading the checkpoint"), (1, 3, "checking the weights")]


def test_an_import_that_fails_writes_nothing(demo: Path, tmp_path: Path) -> None:
    torch.save({"fc.2.weight": torch.zeros(1, 4)}, tmp_path / "pytorch_model.bin")
    (tmp_path / "labels.json").write_text('{"Normal": 0, "Meningioma": 1}')
    with pytest.raises(RaddiagError, match="2 classes"):
        run("import", str(tmp_path / "pytorch_model.bin"), "--labels", str(tmp_path / "labels.json"),
            "--output", str(tmp_path / "out"))  # fmt: skip
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["import", "x.bin"], ["import", "x.bin", "--labels", "l"], ["show"], []])
def test_missing_arguments_are_a_usage_error(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 2
