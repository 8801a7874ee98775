"""What only a person can say of a model: the table [card] of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceConfig:
    """What the card says of one data set.

    Attributes:
        real: True for images of patients, False for synthetic ones.
        terms: The terms under which it was used.
        title: Its name for the reader; the key of the table if empty.
    """

    real: bool = True
    terms: str = ""
    title: str = ""


@dataclass(frozen=True)
class CardConfig:
    """What only a person can say of the model.

    Attributes:
        name: As used on the command line.
        description: Two sentences for the user.
        licence: Of the weights.
        intended_use: Research-use statement; the model card's own if empty.
        sources: Source, as in cases.jsonl -> what it is.
        shortcuts: Each shortcut looked for and what was found.
        half_precision: Store the weights as 16-bit floats.
    """

    name: str = "model"
    description: str = ""
    licence: str = ""
    intended_use: str = ""
    sources: dict[str, SourceConfig] = field(default_factory=dict)
    shortcuts: tuple[str, ...] = ()
    half_precision: bool = False
