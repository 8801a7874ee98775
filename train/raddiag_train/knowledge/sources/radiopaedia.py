"""Concepts of encyclopaedic articles, such as Radiopaedia's, from the user's own export.

The file is a JSON array of articles or one article a line (.jsonl):

    {"title": "Pneumothorax", "synonyms": ["Pneumothoraces"], "url": "https://...",
     "sections": {"Definition": "...", "Radiographic features": "...", "Clinical presentation": "..."}}

"sections" may also be a list of {"heading", "text"}; "definition" may stand beside it. Radiopaedia's terms forbid bulk
use and machine learning without permission: whoever runs this answers for having it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from raddiag_engine.models.icd10cm_matching import match_by_name
from raddiag_train.knowledge.concept import Concept, Description, DescriptionKind
from raddiag_train.knowledge.sources.lines import BadLines, numbered_lines, unreadable

# What a heading begins with -> what its text tells; other sections (history, treatment, see also) are left out.
_HEADINGS: tuple[tuple[str, DescriptionKind], ...] = (
    ("definition", "definition"),
    ("summary", "definition"),
    ("introduction", "definition"),
    ("radiographic", "radiologic features"),
    ("radiologic", "radiologic features"),
    ("imaging", "radiologic features"),
    ("clinical", "clinical information"),
    ("presentation", "clinical information"),
    ("epidemiology", "clinical information"),
    ("patholog", "clinical information"),
)


def radiopaedia_concepts(path: Path, source: str, bad: BadLines) -> Iterator[Concept]:
    """One concept an article; it gets a code where its title is a name of exactly one.

    Raises:
        ConfigError: The file cannot be read, or an article is at fault and bad ones are not left out.
    """
    titles: set[str] = set()
    for line, article in _articles(path, bad):
        fault = _fault(article)
        if not fault and article["title"].strip() in titles:
            fault = f"{article['title'].strip()!r} is a title twice"
        if fault:
            bad.report(path, line, fault)
            continue
        title = article["title"].strip()
        titles.add(title)
        yield Concept(
            f"RADIOPAEDIA:{title}",
            title,
            source,
            synonyms=tuple(dict.fromkeys(name.strip() for name in article.get("synonyms", []) if name.strip())),
            descriptions=tuple(_descriptions(article)),
            icd10cm=match_by_name(title),
        )


def _articles(path: Path, bad: BadLines) -> Iterator[tuple[int, Any]]:
    """The articles and the lines they begin in."""
    lines = list(numbered_lines(path, bad))
    text = "\n".join(line for _, line in lines)
    if not text.lstrip().startswith("["):
        for number, line in lines:
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError) as error:
                    bad.report(path, number, f"not JSON ({error})")
        return
    decoder, at = json.JSONDecoder(), text.index("[") + 1
    while True:
        at = _skip(text, at)
        if at >= len(text):
            raise unreadable(path, len(lines), "the array has no end")
        if text[at] == "]":
            return
        start = text.count("\n", 0, at) + 1
        try:
            article, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            # Where the next article begins cannot be known.
            reason = f"not JSON ({getattr(error, 'msg', error)})"
            raise unreadable(path, getattr(error, "lineno", start), reason) from error
        yield start, article


def _skip(text: str, at: int) -> int:
    """Past spaces and commas."""
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _fault(article: Any) -> str:
    """What keeps an article from being used; empty if nothing does."""
    if not isinstance(article, dict):
        return "an article must be a JSON object"
    if not isinstance(article.get("title"), str) or not article["title"].strip():
        return "an article must have a title"
    names = article.get("synonyms", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return f"the synonyms of {article['title']!r} must be a list of names"
    sections = _sections(article)
    if sections is None or not all(isinstance(part, str) for section in sections for part in section):
        return f"the sections of {article['title']!r} must be texts under headings"
    return ""


def _sections(article: dict[str, Any]) -> list[tuple[Any, Any]] | None:
    """Headings and texts; None if they are in neither of the two forms."""
    sections = article.get("sections", {})
    if isinstance(sections, dict):
        return list(sections.items())
    if isinstance(sections, list) and all(isinstance(section, dict) for section in sections):
        return [(section.get("heading"), section.get("text")) for section in sections]
    return None


def _descriptions(article: dict[str, Any]) -> Iterator[Description]:
    pairs = _sections(article) or []
    if isinstance(article.get("definition"), str):
        pairs.insert(0, ("definition", article["definition"]))
    for heading, text in pairs:
        kind = next((kind for start, kind in _HEADINGS if heading.strip().lower().startswith(start)), None)
        if kind and text.strip():
            yield Description(" ".join(text.split()), kind)
