"""The label files of the release: disorder name -> class index, and disorder name -> ICD-10-CM code. Free of torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm.code import CODE, dotted


def read_labels(path: Path) -> tuple[str, ...]:
    """Disorder names in the order of the logits, from a JSON object name -> class index.

    Raises:
        ConfigError: The file is not such an object, or the indices are not 0 to n - 1, each once.
    """
    names: dict[int, str] = {}
    for name, index in _read_object(path).items():
        if not name.strip():
            raise ConfigError(f"{path}: a class without a name")
        if not isinstance(index, int) or isinstance(index, bool):
            raise ConfigError(f"{path}: the class index of {name!r} is {index!r}, not a whole number")
        if index in names:
            raise ConfigError(f"{path}: {names[index]!r} and {name!r} have the same class index {index}")
        names[index] = name
    if not names:
        raise ConfigError(f"{path}: names no class")
    absent = sorted(set(range(len(names))) - names.keys())
    if absent:
        raise ConfigError(f"{path}: no class has index {absent[0]}; {len(names)} classes must be 0 to {len(names) - 1}")
    return tuple(names[index] for index in range(len(names)))


def read_codes(path: Path) -> dict[str, tuple[str, ...]]:
    """ICD-10-CM codes by disorder name, from a JSON object name -> code or list of codes.

    This is also the form of the authors' `ICD_dict_*.json`. Their `icd10_label_dict.json` is another thing, a label
    file of a model whose classes are codes.

    Raises:
        ConfigError: The file is not such an object, or a code has not the form of ICD-10-CM.
    """
    codes: dict[str, tuple[str, ...]] = {}
    for name, value in _read_object(path).items():
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, list) or not all(isinstance(code, str) for code in given):
            raise ConfigError(f"{path}: {name!r} should have a code or a list of codes, not {value!r}")
        codes[name] = tuple(dict.fromkeys(dotted(code) for code in given if code.strip()))
        for code in codes[name]:
            if not CODE.fullmatch(code):
                raise ConfigError(f"{path}: {name!r} has {code!r}, which is not an ICD-10-CM code such as D32 or I62.9")
    return codes


def _read_object(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: expected a JSON object with disorder names as its keys")
    return data


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is named twice")
    return data
