"""The disorders that phantoms have, and how often."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache

import numpy as np

from raddiag_engine.cases import Anatomy
from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError
from raddiag_resources import path_of

NORMAL = "Normal"


@dataclass(frozen=True)
class PhantomDisorder:
    """One disorder.

    Attributes:
        name: As in the label space.
        icd10cm: Its code.
        anatomy: Whose phantoms can have it.
        visible_in: Keys of the scans that can show it; the others look as without it.
        weight: How often it is drawn, relative to the others of its anatomy.
    """

    name: str
    icd10cm: str
    anatomy: Anatomy
    visible_in: tuple[str, ...]
    weight: float


@dataclass(frozen=True)
class PhantomVocabulary:
    """All disorders and how many a phantom has.

    Attributes:
        normal_share: Share of phantoms without a disorder.
        two_disorders_share: Share of phantoms with two.
        unseen_share: Share of the cases of a set with unseen disorders that have one of them.
        disorder: Those that any phantom may have.
        unseen_disorder: Those that one has only if unseen ones are asked for.
    """

    normal_share: float
    two_disorders_share: float
    unseen_share: float
    disorder: tuple[PhantomDisorder, ...]
    unseen_disorder: tuple[PhantomDisorder, ...]


@cache
def vocabulary() -> PhantomVocabulary:
    """The table in resources/phantom_disorders.toml."""
    with path_of("phantom_disorders.toml").open("rb") as file:
        return from_mapping(PhantomVocabulary, tomllib.load(file), "phantom_disorders.toml")


def disorders_of(anatomy: Anatomy) -> tuple[PhantomDisorder, ...]:
    """The disorders that any phantom of one anatomy may have, most frequent first."""
    return tuple(disorder for disorder in vocabulary().disorder if disorder.anatomy is anatomy)


def disorder_named(name: str) -> PhantomDisorder:
    """The disorder of this name, be it an unseen one.

    Raises:
        ConfigError: There is none; names the nearest.
    """
    by_name = {disorder.name: disorder for disorder in (*vocabulary().disorder, *vocabulary().unseen_disorder)}
    if name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(name, by_name, 1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(by_name)}"
    raise ConfigError(f"no phantom has the disorder {name!r}; {hint}")


def draw_disorders(anatomy: Anatomy, rng: np.random.Generator) -> tuple[PhantomDisorder, ...]:
    """None, one or two disorders of an anatomy, by their weights."""
    options = disorders_of(anatomy)
    weights = np.array([disorder.weight for disorder in options])
    u = rng.random()
    order = rng.choice(len(options), size=2, replace=False, p=weights / weights.sum())
    if u < vocabulary().normal_share:
        return ()
    count = 2 if u > 1 - vocabulary().two_disorders_share else 1
    return tuple(options[i] for i in order[:count])


def draw_unseen_disorder(rng: np.random.Generator) -> PhantomDisorder | None:
    """A disorder that no model learned, by the weights; None where the phantom is to be as any other."""
    u, options = rng.random(), vocabulary().unseen_disorder
    weights = np.array([disorder.weight for disorder in options])
    drawn = options[int(rng.choice(len(options), p=weights / weights.sum()))]
    return drawn if u < vocabulary().unseen_share else None
