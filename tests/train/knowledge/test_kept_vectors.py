"""Names are embedded once an encoder; what is kept is believed only where the encoder still embeds alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_train.knowledge import kept_vectors as module
from raddiag_train.knowledge.kept_vectors import kept_vectors, vectors_folder

NAMES = [f"disorder of lobe {number}" for number in range(40)]


class CountingEncoder(HashedEncoder):
    """Says how many names it has embedded; `shift` makes it another one with the same weights, as a tokeniser does."""

    embedded, shift = 0, ""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += len(texts)
        return super().encode([f"{self.shift}{text}" for text in texts])


@pytest.fixture(autouse=True)
def _small_and_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "FEWEST_NAMES", 10)
    monkeypatch.setattr(module, "KEPT_TOGETHER", 16)


def encoder(seed: int = 0) -> CountingEncoder:
    torch.manual_seed(seed)
    return CountingEncoder(buckets=256, width=16)


def test_a_name_is_embedded_once_and_only_what_is_new_after_that() -> None:
    first = encoder()
    expected = encoder().encode(NAMES)
    np.testing.assert_allclose(kept_vectors(first, NAMES), expected, atol=1e-3)
    assert first.embedded == len(NAMES)
    second, asked = encoder(), [*reversed(NAMES), NAMES[0], "a new one"]
    vectors = kept_vectors(second, asked)
    np.testing.assert_allclose(vectors[:40], expected[::-1], atol=1e-3)
    np.testing.assert_allclose(vectors[40], expected[0], atol=1e-3)
    assert second.embedded == module.COMPARED_NAMES + 1


def test_another_encoder_has_a_file_of_its_own_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_ENCODERS", 2)
    for seed in range(3):
        other = encoder(seed)
        np.testing.assert_allclose(kept_vectors(other, NAMES), other.encode(NAMES), atol=1e-3)
    assert len(list(vectors_folder().iterdir())) == 2


def test_the_same_weights_with_another_tokeniser_are_not_believed() -> None:
    kept_vectors(encoder(), NAMES)
    other = encoder()
    other.shift = "quite another "
    np.testing.assert_allclose(kept_vectors(other, NAMES), other.encode(NAMES), atol=1e-3)


def test_a_damaged_file_is_made_anew() -> None:
    kept_vectors(encoder(), NAMES)
    (file,) = vectors_folder().iterdir()
    file.write_bytes(file.read_bytes()[:200])
    again = encoder()
    np.testing.assert_allclose(kept_vectors(again, NAMES), encoder().encode(NAMES), atol=1e-3)
    assert again.embedded == len(NAMES)
    kept_vectors(third := encoder(), NAMES)
    assert third.embedded == module.COMPARED_NAMES


def test_what_was_embedded_before_a_stop_is_kept() -> None:
    def stop(done: int, total: int) -> None:
        if done >= 32:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept_vectors(encoder(), NAMES, stop)
    kept_vectors(after := encoder(), NAMES)
    assert after.embedded == module.COMPARED_NAMES + 8


def test_a_place_that_cannot_be_written_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "file"))
    np.testing.assert_allclose(kept_vectors(encoder(), NAMES), encoder().encode(NAMES), atol=1e-3)


def test_a_few_names_are_not_kept() -> None:
    kept_vectors(encoder(), NAMES[:5])
    assert not vectors_folder().exists()
