"""Label and code files are checked before anything is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.labels import read_codes, read_labels


def _write(folder: Path, content: object) -> Path:
    path = folder / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_names_come_in_the_order_of_their_indices(tmp_path: Path) -> None:
    path = _write(tmp_path, {"Pneumothorax": 2, "Normal": 0, "Müllerian duct anomalies": 1})
    assert read_labels(path) == ("Normal", "Müllerian duct anomalies", "Pneumothorax")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"a": 0, "b": 0}, "same class index"),
        ({"a": 0, "b": 2}, "no class has index 1"),
        ({"a": 1, "b": 2}, "no class has index 0"),
        ({"a": -1, "b": 0}, "no class has index 1"),
        ({"a": 0, "b": "1"}, "not a whole number"),
        ({"a": False, "b": 1}, "not a whole number"),
        ({"a": 0, " ": 1}, "without a name"),
        ({}, "no class"),
        (["a", "b"], "JSON object"),
        ('{"a": 0, "a": 1}', "twice"),
        ('{"a": 0', "JSON"),
        ("[" * 100_000, "JSON"),
    ],
)
def test_a_label_file_that_is_no_bijection_is_refused(tmp_path: Path, content: object, word: str) -> None:
    path = _write(tmp_path, content)
    with pytest.raises(ConfigError) as error:
        read_labels(path)
    assert str(path) in str(error.value)
    assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_label_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_labels(tmp_path / "absent.json")


def test_codes_may_stand_alone_or_in_a_list(tmp_path: Path) -> None:
    path = _write(tmp_path, {"Pica": "F98", "Glioma": ["C719", "d43.2"], "Sign": []})
    assert read_codes(path) == {"Pica": ("F98",), "Glioma": ("C71.9", "D43.2"), "Sign": ()}


@pytest.mark.parametrize("value", [3, {"code": "D32"}, ["D32", 1], "meningioma", "D3"])
def test_what_is_no_code_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(ConfigError, match="Meningioma"):
        read_codes(_write(tmp_path, {"Meningioma": value}))
