"""A disorder by the name a person types. Free of torch."""

from __future__ import annotations

import difflib

from raddiag_engine.diagnosis.vocabulary import name_key
from raddiag_engine.errors import RaddiagError
from raddiag_engine.models.card import ModelCard


def find_disorder(card: ModelCard, name: str) -> int:
    """Class index of the disorder called `name`: exactly so, else in any case and spacing.

    Raises:
        RaddiagError: The model has none; the nearest names are suggested.
    """
    for index, disorder in enumerate(card.disorders):
        if disorder.name == name:
            return index
    index_of = {name_key(disorder.name): index for index, disorder in enumerate(card.disorders)}
    key = name_key(name)
    if key in index_of:
        return index_of[key]
    # "Normal" can be looked up, but nobody who misspells a disorder means it.
    disorders = [known for known, index in index_of.items() if not card.disorders[index].normal]
    near = difflib.get_close_matches(key, disorders, n=3, cutoff=0.5)
    if not near:  # a part of a name, such as "haemorrhage"
        near = [known for known in disorders if key and key in known][:3]
    names = " or ".join(repr(card.disorders[index_of[known]].name) for known in near)
    remedy = f"did you mean {names}?" if near else f"`raddiag models show {card.name}` lists its disorders"
    raise RaddiagError(f"model {card.name} has no disorder {name!r}; {remedy}")


def known_as(card: ModelCard, name: str) -> str | None:
    """The card's own spelling of a disorder's name, whatever its case and spacing; None if it has no such disorder."""
    key = name_key(name)
    return next((disorder.name for disorder in card.disorders if name_key(disorder.name) == key), None)
