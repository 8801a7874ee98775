"""Bodies with a disorder, and the same bodies without."""

from __future__ import annotations

from collections.abc import Sequence

from raddiag_train.phantoms.case import PhantomCase, make_case
from raddiag_train.phantoms.vocabulary import PhantomDisorder

Pairs = dict[str, list[tuple[PhantomCase, PhantomCase]]]


def with_and_without(disorders: Sequence[PhantomDisorder]) -> Pairs:
    """Name of a disorder -> two bodies with it, each beside the same body without."""
    return {
        disorder.name: [
            (make_case(seed, disorders=(disorder.name,)), make_case(seed, disorders=(), anatomy=disorder.anatomy))
            for seed in range(2)
        ]
        for disorder in disorders
    }
