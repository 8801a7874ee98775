"""Table 6: training on a portion of an external data set, from scratch and from a model (section 5.2.2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.folder import Model
from raddiag_train.data.records import CaseRecord
from raddiag_train.experiments.base_recipe import BaseRecipe
from raddiag_train.experiments.case_levels import within_training_labels
from raddiag_train.experiments.planned_run import PlannedRun
from raddiag_train.experiments.portions import Portion, training_portion
from raddiag_train.experiments.starting_model import fine_tuning_network, of_model

SCRATCH, TUNED = "scratch", "ours"


@dataclass(frozen=True, eq=False)
class FineTuning:
    """A run on a portion of a data set.

    Attributes:
        source: Name of the data set.
        portion: Of its training part.
        start: "scratch", or "ours" for a model's weights.
        single_image: Each case is one image, so that there is nothing to fuse.
        run: As planned.
    """

    source: str
    portion: Portion
    start: str
    single_image: bool
    run: PlannedRun


def data_sets(records: Sequence[CaseRecord], names: Sequence[str] = ()) -> dict[str, list[CaseRecord]]:
    """Source -> its cases.

    Args:
        records: Cases of any number of sources.
        names: Of the sources wanted; empty for all.

    Raises:
        ConfigError: There are no cases of a source.
    """
    by_source: dict[str, list[CaseRecord]] = defaultdict(list)
    for record in records:
        by_source[record.source].append(record)
    for name in names:
        if name not in by_source:
            raise ConfigError(f"no case is of the data set {name!r}; there are {', '.join(sorted(by_source))}")
    return {name: by_source[name] for name in (names or by_source)}


def fine_tunings(
    source: str,
    records: Sequence[CaseRecord],
    portions: Sequence[Portion],
    recipe: BaseRecipe,
    model: Model | None,
    starting_model: Path,
) -> list[FineTuning]:
    """The runs on a data set: each portion from scratch and, if a model is given, from its weights.

    Args:
        source: Name of the data set.
        records: Its cases, with splits.
        portions: Of its training part.
        recipe: That the runs are derived from; with a model, architecture and preparation are the model's for both.
        model: To fine-tune; None for training from scratch only.
        starting_model: Folder that `write_starting_model` is to write.

    Raises:
        ConfigError: The recipe or an assignment is wrong, or a portion is of more cases than there are.
    """
    single_image = all(len(record.scans) == 1 for record in records)
    config = recipe.derive()
    if model is not None:
        config = of_model(config, model, model.card.network)
    config = replace(config, network=fine_tuning_network(config.network, single_image))
    tuned = replace(config, optimisation=replace(config.optimisation, initial_model=str(starting_model)))
    starts = [(SCRATCH, replace(config, optimisation=replace(config.optimisation, initial_model="")), "")]
    if model is not None:
        starts.append((TUNED, tuned, model.card.weights_sha256))
    planned = []
    for portion in portions:
        cases = tuple(within_training_labels(training_portion(records, portion, config.run.seed)))
        for start, settings, sha256 in starts:
            name = f"{source or 'cases'}/{portion.folder_name}/{start}"
            run = PlannedRun(name, settings, cases, start_sha256=sha256)
            planned.append(FineTuning(source, portion, start, single_image, run))
    return planned
