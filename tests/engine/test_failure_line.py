"""One line and status 2 for what a user can mend; a traceback for what is the program's own fault."""

from __future__ import annotations

import argparse

import pytest
import torch

from raddiag_engine import cli
from raddiag_engine.errors import ModelError
from raddiag_engine.failure_line import failure_line


def outcome(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The exit status of a command that raises."""

    def run(arguments: argparse.Namespace) -> int:
        raise error

    parser = argparse.ArgumentParser()
    parser.set_defaults(run=run)
    monkeypatch.setattr(cli, "build_parser", lambda: parser)
    return cli.main([])


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("model: damaged"), "raddiag: model: damaged"),
        (PermissionError(13, "Permission denied", "two\nlines.png"), "two lines.png: Permission denied"),
        (OSError("no more\nroom"), "no more room"),
        (MemoryError(), "out of memory"),
        (torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate"), "out of memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "out of memory"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), "napari-raddiag[engine]"),
    ],
)
def test_what_a_user_can_mend_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, words: str
) -> None:
    assert outcome(monkeypatch, error) == cli.EXIT_BAD_INPUT
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    assert words in captured.err


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mat1 and mat2 shapes cannot be multiplied"),
        ImportError("cannot import name 'x'"),
        ModuleNotFoundError("No module named 'raddiag_engine.nowhere'", name="raddiag_engine.nowhere"),
        ValueError("a fault of the program"),
    ],
)
def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        outcome(monkeypatch, error)
    assert caught.value is error


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("safetensors.torch", "[engine]"),
        ("captum", "[engine]"),
        ("huggingface_hub", "[engine]"),
        ("monai.transforms", "[train]"),
        ("sklearn", "[train]"),
        ("scipy", "[train]"),
        ("napari", "[viewer]"),
        ("nibabel", "[all]"),
    ],
)
def test_a_missing_package_names_the_extra_that_brings_it(module: str, extra: str) -> None:
    line = failure_line(ModuleNotFoundError(f"No module named {module!r}", name=module))
    assert line is not None
    assert f"pip install 'napari-raddiag{extra}'" in line
    assert module.split(".")[0] in line
