"""A model card as rich text for reading: what the model is for and not for, what it learned from, how well it does."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from napari_raddiag.data_models.asked_disorder import takes_names
from napari_raddiag.data_models.icd10cm_chapters import chapters_of
from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.models.card import Coverage, Disorder, ModelCard

NOT_FOR = (
    "It ranks the disorders of its own list. It does not exclude any other disorder, and it does not see what no "
    "scan in use can show. A score is a probability only where it is calibrated. Do not use it for clinical decisions."
)

BY_NAME = "It also scores disorders that it never learned, by the text of their names; such a score is no probability."
NOT_BY_NAME = (
    "It scores the disorders of its own list only, and none that is asked for by name: that takes a model with a "
    "knowledge head."
)


def card_html(card: ModelCard) -> str:
    """The whole card; every text of it is escaped, since a model folder may come from anywhere."""
    parts = [
        f"<h2>{escape(card.name)}</h2><p>{escape(card.description)}</p>",
        f"<h3>What it is for</h3><p><b>{escape(card.intended_use)}</b></p><p>{NOT_FOR}</p>",
        f"<h3>Scans it was taught on</h3>{_coverage(card)}",
        f"<h3>What it learned from</h3>{_sources(card)}",
        f"<h3>Figures</h3>{_figures(card)}",
        f"<h3>Asking by name</h3><p>{BY_NAME if takes_names(card) else NOT_BY_NAME}</p>",
    ]
    if card.shortcuts:
        parts.append(f"<h3>Shortcuts that were looked for</h3>{_list(card.shortcuts)}")
    parts.append(
        f"<h3>Weights</h3><p>Licence {escape(card.licence or 'not stated')}. "
        f"SHA-256 <code>{escape(card.weights_sha256 or 'not stated')}</code></p>"
    )
    return "".join(parts)


def disorder_rows(card: ModelCard) -> list[tuple[str, ...]]:
    """For each disorder: name, codes, chapter, learned from, positive cases, sensitivity / specificity, assessed on."""
    return [_disorder_row(disorder, card) for disorder in card.disorders]


def _disorder_row(disorder: Disorder, card: ModelCard) -> tuple[str, ...]:
    point = disorder.operating_point
    figures = "not fitted"
    if point is not None:
        doubt = "" if point.reliable else " (unreliable)"
        figures = f"{point.sensitivity:.2f} / {point.specificity:.2f} on {point.positives}{doubt}"
    return (
        disorder.name,
        ", ".join(disorder.icd10cm) + ("*" if disorder.icd10cm_matched_by_name and disorder.icd10cm else ""),
        disorder.learned_from or "not stated",
        "not stated" if disorder.training_positives is None else f"{disorder.training_positives} ({disorder.tier})",
        figures,
        "; ".join(_grouped(disorder.coverage or card.coverage)),
        "; ".join(chapter.title for chapter in chapters_of(disorder.icd10cm)),
    )


def _grouped(coverage: Iterable[Coverage]) -> list[str]:
    """ "CT: chest, head and neck", one a modality."""
    anatomies: dict[Modality, list[str]] = {}
    for pair in coverage:
        region = "any region" if pair.anatomy is Anatomy.UNKNOWN else str(pair.anatomy)
        anatomies.setdefault(pair.modality, []).append(region)
    return [f"{modality}: {', '.join(regions)}" for modality, regions in anatomies.items()]


def _coverage(card: ModelCard) -> str:
    if not card.coverage:
        return "<p>The card names none, so nothing is assessed.</p>"
    limits = [f"At most {card.max_scans} scans of a case are used."] if card.max_scans else []
    limits += [f"It was taught on cases of at most {card.trained_scans} scans."] if card.trained_scans else []
    return _list(_grouped(card.coverage)) + (f"<p>{' '.join(limits)}</p>" if limits else "")


def _sources(card: ModelCard) -> str:
    if not card.sources:
        return "<p>The card does not say.</p>"
    rows = [
        (source.name, str(source.cases), "real" if source.real else "synthetic", source.terms)
        for source in card.sources
    ]
    return _table(("data set", "cases", "real or synthetic", "terms"), rows)


def _figures(card: ModelCard) -> str:
    if not card.evaluation:
        return "<p>The card reports none.</p>"
    return _table(("measured", "value"), [(name, f"{value:.3f}") for name, value in card.evaluation.items()])


def _list(texts: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    def line(cells: Iterable[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag} align='left'>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "<table cellpadding='3'>" + line(head, "th") + "".join(line(row, "td") for row in rows) + "</table>"
