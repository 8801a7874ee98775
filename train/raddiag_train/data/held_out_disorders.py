"""Disorders that are kept out of training, to be asked about by their text later."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from raddiag_engine.errors import ConfigError
from raddiag_train.data.records import NORMAL, CaseRecord


def without_disorders(
    records: Sequence[CaseRecord], disorders: Sequence[str], splits: Collection[str]
) -> list[CaseRecord]:
    """The cases but those of some splits that have one of the disorders, alone or with others.

    The whole case goes, not its label alone: with the scans in training, the model would learn that they show nothing.

    Args:
        records: Of all splits, labelled by disorder.
        disorders: Names.
        splits: Whose cases are left out; those of the others stay.

    Raises:
        ConfigError: A name that no case of any split has, with the nearest, or Normal.
    """
    known = sorted({name for record in records for name in record.disorders})
    for name in disorders:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, cutoff=0.4)
            hint = (
                f"; did you mean {near[0]!r}?"
                if near
                else f"; disorders are meant, whatever data.label_level is, such as {', '.join(known[:3])}"
            )
            raise ConfigError(f"data.exclude_disorders: no case has {name!r}{hint}")
        if name == NORMAL:
            raise ConfigError(f"data.exclude_disorders: {NORMAL} is no disorder")
    left_out = frozenset(disorders)
    return [record for record in records if record.split not in splits or not left_out.intersection(record.disorders)]
