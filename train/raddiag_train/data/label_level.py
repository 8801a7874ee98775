"""Cases labelled by ICD-10-CM category instead of by disorder: the paper's second task (931 classes, section 5.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import UnknownCode, icd10cm
from raddiag_engine.models.card import Disorder
from raddiag_train.data.labels import codes_by_disorder
from raddiag_train.data.records import NORMAL, CaseRecord, ScanRecord

LabelLevel = Literal["disorder", "icd10cm"]


def at_label_level(
    records: Sequence[CaseRecord], level: LabelLevel, codes_of: Mapping[str, Sequence[str]] | None = None
) -> list[CaseRecord]:
    """The cases with the labels of a level.

    "icd10cm": a case has the category (the first level, three characters) of each of its codes, under the name that
    ICD-10-CM gives it; "Normal" stays. A disorder without a code adds nothing.

    Args:
        records: The cases, labelled by disorder.
        level: "disorder" leaves them as they are.
        codes_of: Disorder -> codes, for the cases whose record has none, such as those of a model card.

    Raises:
        ConfigError: A code that ICD-10-CM does not have, or cases with disorders and no code at all.
    """
    if level == "disorder":
        return list(records)
    found = [_by_category(record, codes_of or {}) for record in records]
    without = [record.case_id for record, changed in zip(records, found, strict=True) if changed is None]
    if without:
        raise ConfigError(
            f'{len(without)} cases have no ICD-10-CM code, such as {without[0]}; add "icd10cm" to their lines, leave '
            'them out, or use data.label_level = "disorder"'
        )
    return [record for record in found if record is not None]


def is_category_level(disorders: Sequence[Disorder]) -> bool:
    """True for the label space of a model that was trained on categories (`data.label_level = "icd10cm"`)."""
    table = icd10cm()
    coded = [disorder for disorder in disorders if not disorder.normal]
    return bool(coded) and all(
        len(disorder.icd10cm) == 1
        and disorder.icd10cm[0] in table
        and table[disorder.icd10cm[0]].kind == "category"
        and table[disorder.icd10cm[0]].description == disorder.name
        for disorder in coded
    )


def level_of(disorders: Sequence[Disorder]) -> LabelLevel:
    """The level of a model's label space."""
    return "icd10cm" if is_category_level(disorders) else "disorder"


def category_names(codes: Sequence[str]) -> dict[str, str]:
    """Name -> code of the categories of some codes, each once, in the order met.

    Raises:
        UnknownCode: ICD-10-CM has no such code.
    """
    table = icd10cm()
    categories = dict.fromkeys(table.roll_up(code) for code in codes if code)
    return {table[category].description: category for category in categories}


def _by_category(record: CaseRecord, codes_of: Mapping[str, Sequence[str]]) -> CaseRecord | None:
    """None for a case with disorders and no code."""
    if record.disorders == (NORMAL,):
        return record
    own = dict(zip(record.disorders, codes_by_disorder(record), strict=True))
    codes = [code for code in record.icd10cm if code]
    if not codes:
        own = {name: tuple(codes_of.get(name, ())) for name in record.disorders}
        codes = [code for name in record.disorders for code in own[name]]
    try:
        categories = category_names(codes)
        if not categories:
            return None
        named = {disorder: next(iter(category_names(of_one)), disorder) for disorder, of_one in own.items()}
    except UnknownCode as error:
        raise ConfigError(f"case {record.case_id}: {error}") from error
    scans = tuple(_with_masks_named(scan, named) for scan in record.scans)
    return replace(record, disorders=tuple(categories), icd10cm=tuple(categories.values()), scans=scans)


def _with_masks_named(scan: ScanRecord, named: Mapping[str, str]) -> ScanRecord:
    """The masks under the names of the categories; a second mask of one category keeps its name, which no class has.

    Order and number of the masks stay, by which the prepared lesion maps count.
    """
    masks = {}
    for disorder, path in scan.masks.items():
        name = named.get(disorder, disorder)
        masks[disorder if name in masks else name] = path
    return replace(scan, masks=masks) if masks else scan
