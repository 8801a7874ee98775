"""The data set: cases.jsonl, and what its labels mean."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from raddiag_engine.atomic import write_text
from raddiag_engine.icd10cm import icd10cm
from raddiag_train.collection.agreement import category_of
from raddiag_train.collection.article import Article
from raddiag_train.collection.code_sheet import NO_CODE
from raddiag_train.collection.raw_records import RawCase
from raddiag_train.data.labels import tier_of
from raddiag_train.data.records import NORMAL, CaseRecord, write_records


def records_of(cases: Sequence[RawCase], articles: Mapping[str, Article], codes: Mapping[str, str]) -> list[CaseRecord]:
    """The cases with their disorders and first-level codes, not yet split.

    Args:
        cases: Each is normal or linked with at least one article that has a place in `codes`.
        articles: Key -> article.
        codes: Key of each disorder -> code, or "none", which becomes "".
    """
    records = []
    for case in cases:
        keys = [key for key in case.articles if key in codes]
        categories = tuple("" if codes[key] == NO_CODE else category_of(codes[key]) for key in keys)
        records.append(
            CaseRecord(
                case_id=case.case_id,
                patient_id=case.patient_id,
                anatomy=case.anatomy,
                split="",
                scans=case.images,
                disorders=(NORMAL,) if case.normal else tuple(articles[key].title for key in keys),
                icd10cm=() if case.normal or not any(categories) else categories,
                source=case.source,
            )
        )
    return records


def write_result(
    folder: Path, records: Sequence[CaseRecord], articles: Mapping[str, Article], codes: Mapping[str, str]
) -> None:
    """Write the data set; each file is whole, and cases.jsonl comes last.

    - disorders.json: every disorder with code, category, definition, cases and tier, most frequent first
    - categories.json: every category with its official name, its disorders, cases and tier
    - disorder_label_dict.json, icd10_label_dict.json: name -> class index, in the form of RP3D-DiagDS
    - icd10cm_codes.json: disorder -> code
    - definitions.jsonl: the articles of the disorders, as `raddiag knowledge build --radiopaedia` reads them
    """
    by_title = {articles[key].title: key for key in codes}
    cases = Counter(name for record in records for name in record.disorders)
    names = sorted(cases, key=lambda name: (-cases[name], name))
    disorders = [_disorder(name, by_title, articles, codes, cases[name]) for name in names]
    cases_of_category = Counter(c for record in records for c in {code for code in record.icd10cm if code})
    categories = sorted(cases_of_category, key=lambda code: (-cases_of_category[code], code))
    described = [
        {
            "icd10cm": code,
            "description": icd10cm()[code].description,
            "cases": cases_of_category[code],
            "tier": tier_of(cases_of_category[code]),
            "disorders": [one["name"] for one in disorders if one["category"] == code],
        }
        for code in categories
    ]
    indexed = dict(zip([*categories, *([NORMAL] if NORMAL in cases else [])], range(len(categories) + 1), strict=False))
    _write_json(folder / "disorders.json", disorders)
    _write_json(folder / "categories.json", described)
    _write_json(folder / "disorder_label_dict.json", {name: place for place, name in enumerate(names)})
    _write_json(folder / "icd10_label_dict.json", indexed)
    _write_json(folder / "icd10cm_codes.json", {one["name"]: one["icd10cm"] for one in disorders if one["icd10cm"]})
    write_text(folder / "definitions.jsonl", "".join(_article_lines(names, by_title, articles)))
    write_records(folder / "cases.jsonl", records)


def _disorder(
    name: str, by_title: Mapping[str, str], articles: Mapping[str, Article], codes: Mapping[str, str], cases: int
) -> dict[str, Any]:
    """One class; a code is None where the annotators found none that is right, and for "Normal"."""
    key = by_title.get(name)
    code = None if key is None or codes[key] == NO_CODE else codes[key]
    return {
        "name": name,
        "icd10cm": code,
        "category": None if code is None else category_of(code),
        "cases": cases,
        "tier": tier_of(cases),
        "definition": "" if key is None else articles[key].definition,
    }


def _article_lines(names: Sequence[str], by_title: Mapping[str, str], articles: Mapping[str, Article]) -> list[str]:
    lines = []
    for name in names:
        if name in by_title:
            article = articles[by_title[name]]
            data = {"title": name, "definition": article.definition, "sections": {}}
            lines.append(json.dumps(data, ensure_ascii=False) + "\n")
    return lines


def _write_json(path: Path, data: Any) -> None:
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
