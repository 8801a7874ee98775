"""`raddiag knowledge embed`: names and vectors in one file, with the hash of the encoder; and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raddiag_engine.cli import main
from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.embedding_file import read_embeddings
from raddiag_engine.knowledge.encoder_folder import save_encoder
from raddiag_engine.knowledge.identity import encoder_sha256
from tests.engine.diagnosis.knowledge_model import tiny_encoder

EXIT_BAD_INPUT = 2


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("Meningioma\tD32.9\n脑膜瘤\n", encoding="utf-8")
    return path


def test_names_are_embedded_with_the_encoder_s_hash(
    names: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder, output = tiny_encoder(), tmp_path / "names.safetensors"
    save_encoder(encoder, tmp_path / "run" / "model", {})
    assert main(["knowledge", "embed", str(names), "--encoder", str(tmp_path / "run"), "--output", str(output)]) == 0
    embedded = read_embeddings(output)
    assert embedded.names == ("Meningioma", "脑膜瘤")
    np.testing.assert_array_equal(embedded.vectors_NW, encoder.encode(["Meningioma", "脑膜瘤"]))
    assert (embedded.encoder, embedded.encoder_sha256) == ("run", encoder_sha256(encoder))
    assert f"SHA-256 {embedded.encoder_sha256}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "encoder", "output", "message"),
    [
        ("a\nA\n", "run", "n.safetensors", "names.txt:2: 'A' is in line 1 already"),
        ("a\n", "nowhere", "n.safetensors", "nowhere: no knowledge encoder here"),
        ("a\n", "run", "n.json", "name a .safetensors file"),
        ("a\n", "run", "missing/n.safetensors", "in a folder that exists"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, content: str, encoder: str, output: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "names.txt").write_text(content)
    save_encoder(tiny_encoder(), tmp_path / "run", {})
    target = tmp_path / output
    arguments = [str(tmp_path / "names.txt"), "--encoder", str(tmp_path / encoder), "--output", str(target)]
    assert main(["knowledge", "embed", *arguments]) == EXIT_BAD_INPUT
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]
    assert not target.exists()


@pytest.mark.parametrize("content", [None, b"no safetensors"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "f.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"no such file|knowledge embed"):
        read_embeddings(path)
