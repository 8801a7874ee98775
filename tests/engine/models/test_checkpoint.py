"""A pickled checkpoint is read in a child process that knows tensors only; a payload in it is not run."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from raddiag_engine.errors import ModelError
from raddiag_engine.models.checkpoint import open_checkpoint
from raddiag_engine.models.unpickle import Refused, convert


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("zipped", [False, True])
def test_tensors_come_through_exactly(tmp_path: Path, nested: bool, prefix: str, zipped: bool) -> None:
    tensors = {"a.weight": torch.rand(3, 4).t(), "n": torch.tensor(7), "h": torch.nn.Parameter(torch.rand(2).half())}
    tensors["tied"] = tensors["a.weight"]
    state = {prefix + name: tensor for name, tensor in tensors.items()}
    path = tmp_path / "pytorch_model.bin"
    torch.save({"state_dict": state, "epoch": 3} if nested else state, path, _use_new_zipfile_serialization=zipped)
    convert(path, tmp_path / "converted")
    loaded = load_file(tmp_path / "converted")
    assert loaded.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert torch.equal(loaded[name], tensor)
        assert loaded[name].dtype == tensor.dtype


def test_the_child_process_hands_the_tensors_over_and_leaves_nothing_behind(tmp_path: Path) -> None:
    torch.save({"w": torch.arange(5)}, tmp_path / "pytorch_model.bin")
    with open_checkpoint(tmp_path / "pytorch_model.bin", scratch=tmp_path) as tensors:
        assert torch.equal(tensors["w"], torch.arange(5))
    assert [path.name for path in tmp_path.iterdir()] == ["pytorch_model.bin"]


@pytest.mark.parametrize(("form", "cause"), [("torch", "refers to "), ("pickle", "something else")])
def test_a_pickled_payload_is_refused_and_not_run(tmp_path: Path, form: str, cause: str) -> None:
    marker, path = tmp_path / "was_run", tmp_path / "pytorch_model.bin"
    content = {"fc.2.weight": torch.zeros(2, 2), "x": Payload(marker)}
    if form == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(ModelError) as error, open_checkpoint(path):
        pass
    assert not marker.exists()
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    assert "refused" in str(error.value)
    assert cause in str(error.value)


def test_the_payload_of_these_tests_does_run_where_pickles_are_trusted(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Payload(tmp_path / "was_run"))).close()
    assert (tmp_path / "was_run").exists()


def _damaged(path: Path) -> None:
    torch.save({"w": torch.rand(1000)}, path)
    path.write_bytes(path.read_bytes()[:1500])


def _text(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 400000000\n")


def _compressed(path: Path) -> None:
    torch.save({"w": torch.zeros(1000)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda path: path.write_bytes(b""), "damaged"),
        (_damaged, "damaged"),
        (_text, "git lfs pull"),
        (lambda path: path.write_bytes(b"\x80\x02abc"), "damaged"),
        (lambda path: torch.save({"w": print}, path), "refers to print"),
        (_compressed, "compressed"),
        (lambda path: torch.save({"w": torch.zeros(1).expand(10**13)}, path), "far more than the file"),
        (lambda path: torch.save([torch.ones(1)], path), "no dictionary"),
        (lambda path: torch.save({"w": torch.ones(1), "epoch": 3}, path), "'epoch' is not a tensor"),
        (lambda path: torch.save({"w": torch.ones(2, 2).to_sparse()}, path), "not a plain dense one"),
    ],
    ids=[
        "empty",
        "truncated",
        "git-lfs pointer",
        "broken pickle",
        "code",
        "compressed",
        "expanded",
        "list",
        "other entries",
        "sparse",
    ],
)
def test_what_is_no_plain_set_of_weights_is_refused(tmp_path: Path, make: object, word: str) -> None:
    path = tmp_path / "pytorch_model.bin"
    make(path)  # type: ignore[operator]
    with pytest.raises(Refused) as error:
        convert(path, tmp_path / "converted")
    assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "converted").exists()


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"), open_checkpoint(tmp_path / "absent.bin"):
        pass


def test_a_reader_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(1)}, tmp_path / "w.bin")
    with pytest.raises(ModelError, match="given up"), open_checkpoint(tmp_path / "w.bin", timeout_s=0.01):
        pass
