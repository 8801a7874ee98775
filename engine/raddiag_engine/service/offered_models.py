"""The models that clients may ask for: by registered name, or the one of the launch; never by path. Free of torch."""

from __future__ import annotations

from pathlib import Path

from raddiag_engine.models.card import ModelCard, read_card
from raddiag_engine.models.registry import find_model, list_models, suggestion
from raddiag_engine.protocol.reports import ModelEntry
from raddiag_engine.service.replies import Refused


class OfferedModels:
    """Names and folders.

    Args:
        launch: A model's name or folder, as the service was started with; it is used where none is named.

    Raises:
        ModelError: There is no such model.
    """

    def __init__(self, launch: str) -> None:
        self.default_folder = find_model(launch)
        registered = {model.folder: model.name for model in list_models()}
        self._launch_is_registered = self.default_folder in registered
        self.default_name = registered.get(self.default_folder) or read_card(self.default_folder / "card.json").name

    def entries(self) -> tuple[ModelEntry, ...]:
        """The default first, then what is on this machine now."""
        found = {model.name: ModelEntry(model.name, model.origin, False) for model in list_models()}
        origin = found[self.default_name].origin if self._launch_is_registered else "launch"
        default = ModelEntry(self.default_name, origin, True)
        return (default, *(entry for name, entry in found.items() if name != self.default_name))

    def folder(self, name: str | None) -> Path:
        """Where a model lies.

        Raises:
            Refused: There is none of that name.
        """
        if name is None or name == self.default_name:
            return self.default_folder
        folders = {model.name: model.folder for model in list_models()}
        if name not in folders:
            hint = suggestion(name, list(dict.fromkeys([self.default_name, *folders]))).partition(", or give the path")[
                0
            ]
            raise Refused(404, "no_model", f"this engine has no model {name[:80]!r}{hint}")
        return folders[name]

    def card(self, name: str) -> ModelCard:
        """The card of a model.

        Raises:
            Refused: There is no model of that name.
            ModelError: Its card is damaged.
        """
        return read_card(self.folder(name) / "card.json")
