"""The recipe that all runs of an experiment are derived from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from raddiag_train.training.config import TrainingConfig, read_config


@dataclass(frozen=True)
class BaseRecipe:
    """A recipe with what the command line lays over it.

    Attributes:
        path: The TOML file.
        assignments: KEY=VALUE of the user (`--set`), for every run.
    """

    path: Path
    assignments: tuple[str, ...] = ()

    def derive(self, overrides: Sequence[str] = (), defaults: Sequence[str] = ()) -> TrainingConfig:
        """The configuration of a run.

        Laid over the recipe in this order: what the experiment sets for all its rows, what the user sets, and what a
        row is about, so that a user can scale a table down but not make two of its rows the same.

        Args:
            overrides: KEY=VALUE of the row.
            defaults: KEY=VALUE of the experiment.

        Raises:
            ConfigError: The recipe or an assignment is wrong.
        """
        config = read_config(self.path, [*defaults, *self.assignments, *overrides])
        preparation, network = config.preparation, config.network
        if network.encoder != "vit":
            return config
        # Learned positions cover what the scans are prepared to, which is not said twice.
        vit = replace(
            network.vit,
            image_size_px=preparation.image_size_px,
            volume_size_px=preparation.volume_size_px,
            volume_depth=preparation.depth,
        )
        return replace(config, network=replace(network, vit=vit))
