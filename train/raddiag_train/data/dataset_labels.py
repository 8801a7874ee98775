"""What a row of a published data set shows, by its descriptor's rules."""

from __future__ import annotations

import difflib
import re

from raddiag_engine.errors import ConfigError
from raddiag_train.data.dataset_descriptor import LabelRules
from raddiag_train.data.dataset_rows import Row
from raddiag_train.data.folders import FolderLabel
from raddiag_train.data.records import NORMAL


def labels_of(row: Row, rules: LabelRules) -> list[FolderLabel]:
    """The disorders of a row, "Normal" among them where the set says so; empty if it says nothing.

    Raises:
        ConfigError: A label is not in the descriptor and the rules refuse such; names row, label and the nearest.
    """
    labels = [_label(text, row, rules) for text in _texts(row, rules)]
    return [label for label in labels if label is not None]


def together(labels: list[FolderLabel]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and codes of a case from the labels of all its rows: each once; "Normal" only where it stands alone."""
    by_name = {label.name: label for label in labels}
    if len(by_name) > 1:
        by_name.pop(NORMAL, None)
    codes = [label.icd10cm for label in by_name.values()]
    if len(codes) == 1:
        return tuple(by_name), codes[0]
    # One code a disorder, in their order: all that a case of several disorders can say of whose is which.
    return tuple(by_name), tuple(code[0] if code else "" for code in codes) if any(codes) else ()


def _texts(row: Row, rules: LabelRules) -> list[str]:
    if rules.columns:
        return [name for name in rules.names if row.fill(f"{{{name}}}") in rules.positive]
    if rules.column_pattern:
        matches = [(re.search(rules.column_pattern, name), value) for name, value in row.fields.items()]
        return list(dict.fromkeys(match[1] for match, value in matches if match and value in rules.positive))
    value = row.fill(rules.value)
    parts = value.split(rules.separator) if rules.separator else [value]
    # Labels in quotes may stand in brackets too, so that both come off.
    texts = [part.strip().strip(rules.strip).strip() for part in parts]
    return [text for text in texts if text]


def _label(text: str, row: Row, rules: LabelRules) -> FolderLabel | None:
    if text in rules.names:
        return rules.names[text]
    if rules.unnamed == "refuse":
        near = difflib.get_close_matches(text, rules.names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(rules.names)}"
        raise ConfigError(f"{row.place}: label {text!r} is not among the set's labels; {hint}")
    if rules.unnamed == "leave out":
        return None
    words = re.sub(r"[\s_]+", " ", text).strip()
    return FolderLabel(NORMAL if words.lower() == "normal" else words[:1].upper() + words[1:])
