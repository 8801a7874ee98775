"""Which names are kept out of training: decided by the name alone, the same in every source and every build."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from raddiag_engine.icd10cm.words import words

# Names that differ in these words only stay together: "left" in training would give "right" away.
_VARIANT_WORDS = frozenset(
    {"and", "bilateral", "classified", "elsewhere", "left", "nec", "nos", "not", "other", "right", "side", "specified"}
    | {"unspecified", "with"}
)


def name_key(name: str) -> str:
    """The words of a name that tell it from others, sorted; side, number, spelling and word order are evened out."""
    telling = words(name)
    return " ".join(sorted(word for word in telling if word not in _VARIANT_WORDS) or sorted(telling))


class Holdout:
    """The names that are kept out of training: a share of all, drawn by hash.

    Args:
        share: From 0 to below 1.
        seed: Of the draw.
        protected: Names that are never kept out, as the answers of an evaluation are chosen from them.
    """

    def __init__(self, share: float, seed: int, protected: Iterable[str]) -> None:
        if not 0 <= share < 1:
            raise ValueError(f"the share kept out is {share}, but must be at least 0 and below 1")
        self._limit = int(share * 2**64)
        self._salt = seed.to_bytes(8, "little", signed=True)
        self._protected = {name_key(name) for name in protected}
        self._drawn: dict[str, bool] = {}

    def __contains__(self, name: str) -> bool:
        """True if this name is kept out."""
        if name not in self._drawn:
            key = name_key(name)
            self._drawn[name] = key not in self._protected and self._draw(key)
        return self._drawn[name]

    def holds_text(self, text: str, mentions: Iterable[str] = ()) -> bool:
        """True if a description is kept out: itself drawn, or made of a name that is."""
        return self._draw(text) or any(name in self for name in mentions)

    def _draw(self, key: str) -> bool:
        digest = hashlib.blake2b(key.encode(), digest_size=8, salt=self._salt).digest()
        return int.from_bytes(digest, "little") < self._limit
