"""A training pair of the knowledge encoder, and pairs.jsonl: one pair a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ConfigError

PairKind = Literal["synonym", "hierarchy", "description"]
TextFormat = Literal["name", "description"]
Part = Literal["train", "held_out"]
Reason = Literal["sibling", "excludes1"]
KINDS: tuple[PairKind, ...] = ("synonym", "hierarchy", "description")


@dataclass(frozen=True)
class HardNegative:
    """A text that is near the term's and yet not about it.

    Attributes:
        text: In the format of the pair's text.
        concept: Identifier of the concept it is of.
        why: "sibling" (or, in a hierarchy pair, child of a sibling), or "excludes1": an expert's "not this".
    """

    text: str
    concept: str
    why: Reason

    def __post_init__(self) -> None:
        for name in ("text", "concept"):
            _require_text(name, getattr(self, name))


@dataclass(frozen=True)
class KnowledgePair:
    """A term and a text that belong together.

    Attributes:
        kind: What makes them belong together: the text is another name of the term, a narrower term, or tells of it.
        term: A name.
        concept: Identifier of the concept it names.
        text: What should lie near it.
        text_concept: Identifier of the concept that the text is of: a child in a hierarchy pair, else the same.
        format: A short name, or sentences; negatives must have the same.
        source: Where the pair is from.
        part: Learned from, or kept out of training to judge by.
        icd10cm: Codes of the term; of the text in a hierarchy pair.
        hard_negatives: Texts of the same format to tell it from.
    """

    kind: PairKind
    term: str
    concept: str
    text: str
    text_concept: str
    format: TextFormat
    source: str
    part: Part
    icd10cm: tuple[str, ...] = ()
    hard_negatives: tuple[HardNegative, ...] = ()

    def __post_init__(self) -> None:
        for name in ("term", "concept", "text", "text_concept", "source"):
            _require_text(name, getattr(self, name))
        for name, known in (("kind", KINDS), ("format", get_args(TextFormat)), ("part", get_args(Part))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {', '.join(known)}")


def write_pairs(path: Path, pairs: Iterable[KnowledgePair]) -> None:
    """Write pairs.jsonl; it appears whole or not at all."""
    with atomic_path(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="\n") as stream:
        for pair in pairs:
            stream.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")


def read_pairs(path: Path) -> list[KnowledgePair]:
    """Read pairs.jsonl.

    Raises:
        ConfigError: The file cannot be read, holds no pair, or a line is at fault, with its number.
    """
    pairs = []
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    pairs.append(_pair(json.loads(line)))
                except (ValueError, TypeError, RecursionError) as error:
                    raise ConfigError(f"{path}:{number}: {error}") from error
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; make it with: raddiag knowledge build") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    if not pairs:
        raise ConfigError(f"{path}: holds no pair")
    return pairs


def _pair(data: Any) -> KnowledgePair:
    """A pair from plain data; by hand, as the general reader of configurations takes ten times as long."""
    known = {field.name for field in fields(KnowledgePair)}
    if not isinstance(data, dict) or not data.keys() <= known:
        raise ValueError(f"expected an object with {', '.join(sorted(known))}")
    if missing := [
        field.name for field in fields(KnowledgePair) if field.default is MISSING and field.name not in data
    ]:
        raise ValueError(f"lacks {', '.join(missing)}; make the file with: raddiag knowledge build")
    codes, negatives = data.get("icd10cm", []), data.get("hard_negatives", [])
    if not isinstance(codes, list) or not isinstance(negatives, list):
        raise ValueError("icd10cm and hard_negatives must be lists")
    for code in codes:
        _require_text("icd10cm", code)
    hard = tuple(HardNegative(**negative) for negative in negatives)
    return KnowledgePair(**{**data, "icd10cm": tuple(codes), "hard_negatives": hard})


def _require_text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is {value!r}, but must be a text that is not empty")
