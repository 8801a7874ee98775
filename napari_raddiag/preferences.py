"""The plugin's preferences, as napari keeps them (contributions.configurations of the manifest)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from raddiag_engine.saliency.methods import Method

PLUGIN = "napari-raddiag"
GROUPS = ("engine", "reading", "memory")


@dataclass(frozen=True)
class Preferences:
    """What the reader can set under Preferences > Plugins; the manifest says what each means.

    Attributes:
        model: Name or folder.
        device: "auto", "cpu" or "cuda".
        server: Address of an engine elsewhere; empty for one on this machine.
        token_file: With the server's token; empty for the variable RADDIAG_TOKEN.
        certificate_file: PEM; empty for the system's certificates.
        top: Disorders shown.
        overlay_opacity: Of the evidence, in (0, 1].
        method: Of saliency.
        hide_identity: Start with the identity line hidden.
        keep_recent: Remember the cases opened last.
        keep_session: Remember the open case for after a crash.
    """

    model: str = "demo"
    device: str = "auto"
    server: str = ""
    token_file: str = ""
    certificate_file: str = ""
    top: int = 20
    overlay_opacity: float = 0.45
    method: Method = "gradcam"
    hide_identity: bool = False
    keep_recent: bool = True
    keep_session: bool = True


def read_preferences() -> Preferences:
    """The preferences as they stand; defaults where napari does not know the plugin, as in a bare checkout."""
    from napari.settings import get_plugin_settings

    try:
        settings = get_plugin_settings(PLUGIN)
    except KeyError:
        return Preferences()
    groups = [getattr(settings, name) for name in GROUPS]
    return Preferences(**{field.name: _found(groups, field.name) for field in fields(Preferences)})


def watch_preferences(changed: Callable[[], None]) -> Callable[[], None]:
    """Call `changed` whenever the reader sets one of them.

    Returns:
        A function that ends the watch.
    """
    from napari.settings import get_plugin_settings

    try:
        settings = get_plugin_settings(PLUGIN)
    except KeyError:
        return lambda: None
    groups = [getattr(settings, name) for name in GROUPS]

    def tell(_event: object = None) -> None:
        changed()

    for group in groups:
        group.events.connect(tell)

    def end() -> None:
        for group in groups:
            group.events.disconnect(tell)

    return end


def _found(groups: list[Any], name: str) -> Any:
    value = next(getattr(group, name) for group in groups if hasattr(group, name))
    return getattr(value, "value", value)  # an enum of the manifest is made into an enum class
