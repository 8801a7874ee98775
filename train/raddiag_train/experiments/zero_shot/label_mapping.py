"""Which disorders of a model a data set's label means: by name, by ICD-10-CM code, or by text."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.icd10cm.words import normalised
from raddiag_engine.models.card import Disorder
from raddiag_train.data.labels import label_space
from raddiag_train.data.records import NORMAL, CaseRecord
from raddiag_train.knowledge.searched_disorder import DisorderHit

Method = Literal["name", "code", "text"]
METHODS: tuple[Method, ...] = ("name", "code", "text")


class Search(Protocol):
    """Finds disorders by text; `LexicalSearch` and `EncoderSearch` do."""

    def search(self, text: str, top: int = 10) -> tuple[DisorderHit, ...]:
        """The best disorders, best first."""


@dataclass(frozen=True)
class Label:
    """A label of a data set.

    Attributes:
        name: As in cases.jsonl.
        icd10cm: Its codes.
    """

    name: str
    icd10cm: tuple[str, ...] = ()


@dataclass(frozen=True)
class MappedLabel:
    """A label and what it means to a model.

    Attributes:
        label: Of the data set.
        disorders: Names of the model's; empty where it knows nothing of the kind.
        method: How they were found: "name", "code", "text" or "file"; "" for none.
    """

    label: Label
    disorders: tuple[str, ...]
    method: str


def labels_of(records: Sequence[CaseRecord]) -> tuple[Label, ...]:
    """The labels of a data set, most frequent first, "Normal" included."""
    splits = dict.fromkeys(record.split for record in records)
    spaces = [label_space(records, split) for split in splits]
    found: dict[str, tuple[str, ...]] = {}
    for space in spaces:
        for disorder in space.disorders:
            found[disorder.name] = found.get(disorder.name) or disorder.icd10cm
    return tuple(Label(name, codes) for name, codes in found.items())


def map_labels(
    labels: Sequence[Label],
    disorders: Sequence[Disorder],
    methods: Sequence[Method] = METHODS,
    search: Search | None = None,
    given: Mapping[str, Sequence[str]] | None = None,
) -> tuple[MappedLabel, ...]:
    """What each label means to a model, by the first method that finds something.

    Args:
        labels: Of the data set.
        disorders: Of the model.
        methods: In the order in which they are tried. "name": the same words. "code": the same code or one below it;
            else one of the same category. "text": the first hit of `search`.
        search: Over the model's disorders; needed by "text".
        given: Label -> the model's disorders, which go before any method.

    Raises:
        ConfigError: `given` names a label or a disorder that is not there.
    """
    given = given or {}
    _check_given(given, labels, disorders)
    mapped = []
    for label in labels:
        if label.name in given:
            mapped.append(MappedLabel(label, tuple(given[label.name]), "file"))
            continue
        for method in methods:
            if found := _found(label, disorders, method, search):
                mapped.append(MappedLabel(label, found, method))
                break
        else:
            mapped.append(MappedLabel(label, (), ""))
    return tuple(mapped)


def read_mapping(path: Path) -> dict[str, tuple[str, ...]]:
    """Label -> the model's disorders, from a TOML table of lists: `"Label" = ["Disorder", ...]`.

    Raises:
        ConfigError: It is missing, no TOML, or not such a table.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error})") from error
    for label, names in data.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ConfigError(f'{path}: {label!r} must be a list of disorders, such as ["Meningioma"]')
    return {label: tuple(names) for label, names in data.items()}


def mapping_csv(model: str, mapped: Sequence[MappedLabel]) -> str:
    """A line a label: model, label, codes, the model's disorders, how they were found."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["model", "label", "icd10cm", "disorders", "found by"])
    for one in mapped:
        writer.writerow([model, one.label.name, "; ".join(one.label.icd10cm), "; ".join(one.disorders), one.method])
    return stream.getvalue()


def _found(label: Label, disorders: Sequence[Disorder], method: Method, search: Search | None) -> tuple[str, ...]:
    if label.name == NORMAL:
        return tuple(disorder.name for disorder in disorders if disorder.normal)
    ill = [disorder for disorder in disorders if not disorder.normal]
    if method == "name":
        key = normalised(label.name)
        return tuple(disorder.name for disorder in ill if normalised(disorder.name) == key)
    if method == "code":
        return _by_code(label, ill)
    hits = search.search(label.name, 1) if search is not None else ()
    return tuple(hit.disorder.name for hit in hits)


def _by_code(label: Label, disorders: Sequence[Disorder]) -> tuple[str, ...]:
    table = icd10cm()
    own = [code for code in label.icd10cm if code in table]
    below = tuple(
        disorder.name
        for disorder in disorders
        if any(known.startswith(code) for code in own for known in disorder.icd10cm)
    )
    if below:
        return below
    categories = {table.roll_up(code) for code in own}
    return tuple(
        disorder.name
        for disorder in disorders
        if any(code in table and table.roll_up(code) in categories for code in disorder.icd10cm)
    )


def _check_given(given: Mapping[str, Sequence[str]], labels: Sequence[Label], disorders: Sequence[Disorder]) -> None:
    import difflib

    known = {"label": [label.name for label in labels], "disorder": [disorder.name for disorder in disorders]}
    for label, names in given.items():
        for kind, name in (("label", label), *(("disorder", name) for name in names)):
            if name not in known[kind]:
                near = difflib.get_close_matches(name, known[kind], 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(f"the mapping names the {kind} {name!r}, which is not there{hint}")
