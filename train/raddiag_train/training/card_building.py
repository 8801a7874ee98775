"""The model card of a trained network: what it knows, from which data, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from raddiag_engine.models.card import Coverage, Disorder, ModelCard, TrainingSource
from raddiag_engine.network.config import NetworkConfig
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.records import CaseRecord
from raddiag_train.training.card_config import CardConfig, SourceConfig
from raddiag_train.training.case_mixing import MOST_PARTNERS
from raddiag_train.training.config import TrainingConfig


def build_card(
    config: TrainingConfig,
    network: NetworkConfig,
    disorders: Sequence[Disorder],
    records: Sequence[CaseRecord],
    evaluation: dict[str, float],
) -> ModelCard:
    """The card, but for the digest of the weights.

    Args:
        config: The recipe.
        network: As built, number of classes included.
        disorders: With operating points and calibrations, in the order of the logits.
        records: The training cases.
        evaluation: Figures, with the split in their names.
    """
    partners = MOST_PARTNERS if config.optimisation.case_mixing > 0 else 0
    card = ModelCard(
        name=config.card.name,
        description=config.card.description,
        network=network,
        preparation=config.preparation,
        disorders=tuple(disorders),
        coverage=coverage_of(records),
        trained_scans=max(len(record.scans) for record in records) * (1 + partners),
        licence=config.card.licence,
        sources=_training_sources(records, config.card),
        shortcuts=config.card.shortcuts,
        evaluation=evaluation,
        excluded_disorders=config.data.excluded_disorders,
    )
    return replace(card, intended_use=config.card.intended_use) if config.card.intended_use else card


def describe_disorders(labels: LabelSpace, records: Sequence[CaseRecord], card: CardConfig) -> tuple[Disorder, ...]:
    """The label space with the scans on which each disorder can be assessed and what it was learned from.

    A disorder is covered by the scans of its positive cases and, as its absence is learned too, by those of the same
    anatomy in every source that labels it. A source with lesion masks says more: only the kinds of scan count in which
    a mask of the disorder lies, as a scan that cannot show it teaches neither.
    """
    with_masks = {record.source for record in records for scan in record.scans if scan.masks}
    positives: dict[str, list[CaseRecord]] = {name: [] for name in labels.names}
    for record in records:
        for name in record.disorders:
            if name in positives:
                positives[name].append(record)
    of_source = {
        source: set(coverage_of([record for record in records if record.source == source]))
        for source in dict.fromkeys(record.source for record in records)
    }
    described = []
    for disorder in labels.disorders:
        own = positives[disorder.name]
        unmasked = [record for record in own if record.source not in with_masks or disorder.normal]
        covered = set(coverage_of(unmasked))
        anatomies = {pair.anatomy for pair in covered}
        beside = set().union(*(of_source[source] for source in {record.source for record in unmasked}))
        pairs = covered | {pair for pair in beside if pair.anatomy in anatomies}
        pairs |= {
            Coverage(scan.modality, record.anatomy_of(scan))
            for record in own
            for scan in record.scans
            if disorder.name in scan.masks
        }
        reality = {card.sources.get(source, SourceConfig()).real for source in {record.source for record in own}}
        learned_from = " and ".join(word for word, real in (("real", True), ("synthetic", False)) if real in reality)
        described.append(replace(disorder, coverage=_sorted(pairs), learned_from=learned_from))
    return tuple(described)


def coverage_of(records: Sequence[CaseRecord]) -> tuple[Coverage, ...]:
    """Modality and anatomy of every scan of the cases, without repetition, sorted."""
    return _sorted({Coverage(scan.modality, record.anatomy_of(scan)) for record in records for scan in record.scans})


def _training_sources(records: Sequence[CaseRecord], card: CardConfig) -> tuple[TrainingSource, ...]:
    cases = Counter(record.source for record in records)
    described = {source: card.sources.get(source, SourceConfig()) for source in cases}
    return tuple(
        TrainingSource(described[source].title or source, count, described[source].real, described[source].terms)
        for source, count in sorted(cases.items())
    )


def _sorted(pairs: set[Coverage]) -> tuple[Coverage, ...]:
    return tuple(sorted(pairs, key=lambda pair: (pair.modality, pair.anatomy)))
