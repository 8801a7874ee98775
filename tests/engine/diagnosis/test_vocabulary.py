"""Vocabulary files: a name a line; what is wrong is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from raddiag_engine.diagnosis.vocabulary import NamedDisorder, read_vocabulary
from raddiag_engine.errors import ConfigError


def written(folder: Path, content: bytes) -> Path:
    path = folder / "names.txt"
    path.write_bytes(content)
    return path


def test_names_and_codes_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeffMeningioma\tD32.9\r\nKöhler disease\nTuberculosis \ta15, A19\n".encode())
    assert read_vocabulary(path) == (
        NamedDisorder("Meningioma", ("D32.9",)),
        NamedDisorder("Köhler disease"),
        NamedDisorder("Tuberculosis", ("A15", "A19")),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names no disorder"),
        (b"Meningioma\n\nGlioma\n", r"names.txt:2: no name of a disorder"),
        (b"Meningioma\n\tD32\n", r"names.txt:2: no name of a disorder"),
        (b"Meningioma\nGlioma\n meningioma\n", r"names.txt:3: 'meningioma' is in line 1 already"),
        (b"Meningioma\tX99.999\n", r"names.txt:1: 'X99.999' is not a code of ICD-10-CM"),
        (b"Glioma\nMeningioma\tbrain\n", r"names.txt:2: .*not an ICD-10-CM code"),
        (b"Glio\x07ma\n", r"names.txt:1: .*control characters"),
        (b"x" * 201 + b"\n", r"names.txt:1: .*longer than 200 characters"),
        (b"M\xe9ningiome\n", "not text in UTF-8"),
        (b"\n".join(b"disorder %d" % n for n in range(1001)), "at most 1000"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        read_vocabulary(written(tmp_path, content))
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.txt: there is no such file"):
        read_vocabulary(tmp_path / "none.txt")
