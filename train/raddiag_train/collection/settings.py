"""What a work folder was begun with; a later run that would mix two ways of working is refused."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import write_text
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError

_FILE = "settings.json"
# What may still be chosen when it is first needed, and what a name of an annotator may be, as it names a file.
_LATER = ("model",)
_NAME = re.compile(r"[\w][\w.-]{0,39}")


@dataclass(frozen=True)
class BuildSettings:
    """The choices that decisions depend on.

    Attributes:
        records_sha256: Of the file of raw records.
        model: Asked by the article filter; empty until it is first needed.
        text_characters: Of an article's text that are sent, at most.
        sample: Articles of the filter's that a person checks; 0 for none, which leaves its quality unknown.
        reviewer: Who fills in the review and the check.
        annotators: Who map disorders to codes.
        annotators_per_disorder: How many of them each disorder gets.
        adjudicator: Who decides where they differ.
        candidates: Codes offered for each disorder.
        encoder: Folder of the knowledge encoder that ranks them beside the words; empty for words alone.
        seed: Of the sample and of who codes what.
    """

    records_sha256: str
    model: str = ""
    text_characters: int = 4000
    sample: int = 200
    reviewer: str = "reviewer"
    annotators: tuple[str, ...] = ("annotator-1", "annotator-2")
    annotators_per_disorder: int = 2
    adjudicator: str = "adjudicator"
    candidates: int = 8
    encoder: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in (*self.annotators, self.reviewer, self.adjudicator):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a sheet; use letters, digits, dots and dashes")
        folded = [name.casefold() for name in self.annotators]
        if len(set(folded)) != len(folded):
            raise ValueError("two annotators have the same name")
        if not 1 <= self.annotators_per_disorder <= len(self.annotators):
            raise ValueError(
                f"{self.annotators_per_disorder} annotators cannot code each disorder, as there are "
                f"{len(self.annotators)}; name more with --annotators, or ask for fewer with --annotators-per-disorder"
            )
        for name, least, most in (("text_characters", 0, 100_000), ("sample", 0, 100_000), ("candidates", 1, 50)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be from {least} to {most}")


def settle(work: Path, records: Path, given: Mapping[str, Any]) -> BuildSettings:
    """The settings of a work folder: stored ones, or those given and the defaults. Nothing is written.

    Args:
        work: The work folder.
        records: The file of raw records.
        given: Options that were named, by field; None for those that were not.

    Raises:
        ConfigError: Something given, or the records, is not what the folder was begun with; or is out of range.
    """
    named = {key: value for key, value in given.items() if value is not None}
    digest = _sha256(records)
    stored = _read(work / _FILE)
    if stored is None:
        return from_mapping(BuildSettings, {"records_sha256": digest, **named}, "data build")
    if stored.records_sha256 != digest:
        raise ConfigError(
            f"{records}: are not the records that {work} was begun with; begin a new work folder, and copy "
            "decisions.jsonl into it: no article is then asked about twice"
        )
    for field in fields(BuildSettings):
        before, now = getattr(stored, field.name), named.get(field.name)
        if now is None or now == before:
            continue
        if field.name in _LATER and not before:
            stored = replace(stored, **{field.name: now})
            continue
        option = "--" + field.name.replace("_", "-")
        raise ConfigError(
            f"{work}: was begun with {option} {_shown(before)}, not {_shown(now)}; begin a new work folder"
        )
    return stored


def write(work: Path, settings: BuildSettings) -> None:
    """Store the settings in the work folder."""
    write_text(work / _FILE, json.dumps(to_mapping(settings), indent=1, ensure_ascii=False) + "\n")


def _read(path: Path) -> BuildSettings | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"{path}: cannot be read as JSON ({error})") from error
    try:
        return from_mapping(BuildSettings, data)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _shown(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value) or "(none)"


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from error
