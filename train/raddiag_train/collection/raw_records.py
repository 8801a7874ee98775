"""Raw case records, a case a line of JSON, as they were collected:

    {"case_id": "17", "patient_id": "p9", "patient": {"age": "55 years", "sex": "female"}, "anatomy": "chest",
     "images": [{"path": "17/ct", "modality": "CT", "plane": "axial", "key_slice": 31}],
     "articles": [{"title": "Pneumothorax", "text": "...", "definition": "..."}],
     "diagnosis": "...", "normal": false, "source": "..."}

Needed are case_id, images with path and modality, and articles (those of a normal case are not looked at). Patient data
and diagnosis are checked for their form and then forgotten: nothing later can send or write them.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.errors import ConfigError
from raddiag_train.collection.article import Article, title_key
from raddiag_train.data.records import NORMAL, ScanRecord, parse_word
from raddiag_train.data.rp3d import MODALITIES
from raddiag_train.knowledge.sources.lines import BadLines, numbered_lines

_KEYS = ("case_id", "patient_id", "patient", "anatomy", "images", "articles", "diagnosis", "normal", "source")
_IMAGE_KEYS = ("path", "modality", "plane", "key_slice", "anatomy")
_ARTICLE_KEYS = ("title", "text", "definition", "url")


@dataclass(frozen=True)
class RawCase:
    """What is kept of one record.

    Attributes:
        case_id: Unique in the collection.
        patient_id: Equal for all cases of one patient; empty if not known.
        anatomy: Body region.
        images: At least one; absolute paths.
        articles: Keys of the linked articles, each once; empty for a normal case.
        normal: True if it shows no disorder.
        source: Where it comes from.
    """

    case_id: str
    patient_id: str
    anatomy: Anatomy
    images: tuple[ScanRecord, ...]
    articles: tuple[str, ...]
    normal: bool
    source: str


@dataclass(frozen=True)
class Collection:
    """The cases as collected.

    Attributes:
        cases: In the order of the records.
        articles: Key -> article, those of cases that are not normal.
    """

    cases: tuple[RawCase, ...]
    articles: Mapping[str, Article]


def read_raw_records(path: Path, bad: BadLines, *, normal: bool = False) -> Collection:
    """Read raw records; of each article the longest text is kept.

    Args:
        path: JSON lines, plain or .gz.
        bad: What to do with lines at fault.
        normal: True if every case of the file is normal.

    Raises:
        ConfigError: The file cannot be read, holds no case, or a line is at fault and such lines are not left out; the
            line is named and none of its values but words of a closed vocabulary are quoted.
    """
    cases: dict[str, RawCase] = {}
    articles: dict[str, Article] = {}
    folder = path.resolve().parent
    for number, line in numbered_lines(path, bad):
        if not line.strip():
            continue
        try:
            case, linked = _case(line, folder, normal)
            if case.case_id in cases:
                raise ConfigError("its case_id is that of an earlier line")
        except ConfigError as error:
            bad.report(path, number, str(error))
            continue
        cases[case.case_id] = case
        for article in linked:
            articles[article.key] = _fuller(articles.get(article.key), article)
    if not cases:
        raise ConfigError(f"{path}: holds no case record that can be used")
    return Collection(tuple(cases.values()), articles)


def _case(line: str, folder: Path, normal: bool) -> tuple[RawCase, list[Article]]:
    data = _object(line)
    _check_keys(data, _KEYS, "the record")
    case_id = _text(data, "case_id", needed=True)
    for key, kind in (("patient", dict), ("diagnosis", str)):
        if not isinstance(data.get(key, kind()), kind):
            raise ConfigError(f"{key!r} must be {'a JSON object' if kind is dict else 'text'}")
    is_normal = data.get("normal", normal)
    if not isinstance(is_normal, bool):
        raise ConfigError("'normal' must be true or false")
    is_normal = is_normal or normal
    images = tuple(_image(entry, place, folder) for place, entry in enumerate(_list(data, "images"), 1))
    if not images:
        raise ConfigError("the case has no image")
    if "articles" not in data and not is_normal:
        raise ConfigError("'articles' is missing; give [] if the case is linked with none")
    articles = [] if is_normal else [_article(entry) for entry in _list(data, "articles")]
    case = RawCase(
        case_id,
        _text(data, "patient_id"),
        parse_word(Anatomy, "anatomy", _text(data, "anatomy").casefold() or Anatomy.UNKNOWN),
        images,
        tuple(dict.fromkeys(article.key for article in articles)),
        is_normal,
        _text(data, "source"),
    )
    return case, articles


def _object(line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except RecursionError:
        raise ConfigError("the JSON is nested too deeply") from None
    except ValueError as error:
        place = f" in column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ConfigError(f"not JSON ({getattr(error, 'msg', 'a number is too long')}{place})") from None
    if not isinstance(data, dict):
        raise ConfigError("a line must hold one case as a JSON object")
    return data


def _image(entry: Any, place: int, folder: Path) -> ScanRecord:
    where = f"image {place}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} must be a JSON object")
    _check_keys(entry, _IMAGE_KEYS, where)
    try:
        path = folder / _text(entry, "path", needed=True)
        modality = _modality(_text(entry, "modality", needed=True))
        plane = parse_word(Plane, "plane", _text(entry, "plane").casefold() or Plane.UNKNOWN)
        anatomy = _text(entry, "anatomy").casefold()
        own_anatomy = parse_word(Anatomy, "anatomy", anatomy) if anatomy else None
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    key_slice = entry.get("key_slice")
    if key_slice is not None and (type(key_slice) is not int or key_slice < 0):
        raise ConfigError(f"{where}: 'key_slice' must be a whole number from 0")
    if not path.exists():
        raise ConfigError(f"{where}: its file is not there; paths are relative to the file of the records")
    return ScanRecord(path.resolve(), modality, plane, key_slice, own_anatomy)


def _modality(text: str) -> Modality:
    return MODALITIES.get(text.casefold()) or parse_word(Modality, "modality", text)


def _article(entry: Any) -> Article:
    if not isinstance(entry, dict):
        raise ConfigError("each article must be a JSON object with a title")
    _check_keys(entry, _ARTICLE_KEYS, "an article")
    title = " ".join(_text(entry, "title", needed=True).split())
    if title_key(title) == title_key(NORMAL):
        raise ConfigError('an article is called "Normal"; say "normal": true of the case instead')
    return Article(title, _text(entry, "text"), _text(entry, "definition"))


def _fuller(known: Article | None, new: Article) -> Article:
    if known is None:
        return new
    definition = max(known.given_definition, new.given_definition, key=len)
    return Article(known.title, max(known.text, new.text, key=len), definition)


def _check_keys(data: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
            raise ConfigError(f"{what} has the unknown key {key[:40]!r}; {hint}")


def _text(data: Mapping[str, Any], key: str, *, needed: bool = False) -> str:
    value = data.get(key)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise ConfigError(f"{key!r} must be text")
    if needed and not value.strip():
        raise ConfigError(f"{key!r} is missing or empty")
    return value.strip() if key != "text" else value


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise ConfigError(f"{key!r} must be a list")
    return value
