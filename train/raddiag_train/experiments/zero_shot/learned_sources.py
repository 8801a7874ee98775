"""Is a data set among those that a model has learned from? Then its answers there are not zero-shot."""

from __future__ import annotations

import re
from collections.abc import Sequence

FEWEST_CHARACTERS = 4  # a shorter name, such as "ct", lies in many titles


def learned_as(source: str, sources: Sequence[str]) -> str:
    """The name under which a model's card has a data set among its sources; empty if it has not.

    A card may have a title in place of the name in cases.jsonl, such as "Head CT - hemorrhage" for
    "head_ct_hemorrhage", so that a name within a title counts too.

    Args:
        source: Of the cases.
        sources: Names or titles on the card.
    """
    wanted = _plain(source)
    for name in sources:
        if wanted and (_plain(name) == wanted or (len(wanted) >= FEWEST_CHARACTERS and wanted in _plain(name))):
            return name
    return ""


def learned_note(model: str, source: str, name: str) -> str:
    """What must be said of it."""
    return f'{model} on {source}: not zero-shot: the model\'s card names "{name}" among the data that it learned from'


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
