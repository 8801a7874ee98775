"""Codes that a disorder may have, for the annotators to choose from: by its words and, with an encoder, by meaning.

The two rankings become one by reciprocal rank fusion (Cormack et al., SIGIR 2009), which needs no common scale.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from raddiag_engine.atomic import atomic_path
from raddiag_engine.configuration import from_mapping, to_mapping
from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.models.icd10cm_matching import match_by_name
from raddiag_train.knowledge.searched_disorder import DisorderHit

_FUSION_CONSTANT = 60
_DEPTH = 50  # places of each ranking that are looked at


class DisorderSearch(Protocol):
    """Finds codes by a text; `LexicalSearch` and `EncoderSearch` over ICD-10-CM are such."""

    def search(self, text: str, top: int = 10) -> tuple[DisorderHit, ...]:
        """The best, best first."""


@dataclass(frozen=True)
class Ranking:
    """One way to rank codes.

    Attributes:
        name: As written down, such as "words" or the encoder's name.
        search: That does it.
    """

    name: str
    search: DisorderSearch


@dataclass(frozen=True)
class Candidates:
    """What was found for a disorder.

    Attributes:
        disorder: Its name.
        codes: Best first.
        ranked_by: Names of the rankings.
    """

    disorder: str
    codes: tuple[str, ...]
    ranked_by: tuple[str, ...]


def rank_candidates(disorder: str, rankings: Sequence[Ranking], most: int) -> Candidates:
    """The codes that the rankings agree on best; a code with exactly this name comes first."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, hit in enumerate(ranking.search.search(disorder, _DEPTH), 1):
            for code in hit.disorder.icd10cm:
                scores[code] = scores.get(code, 0.0) + 1 / (_FUSION_CONSTANT + place)
    ranked = sorted(scores, key=lambda code: (-scores[code], code))
    codes = tuple(dict.fromkeys((*match_by_name(disorder), *ranked)))[:most]
    return Candidates(disorder, codes, tuple(ranking.name for ranking in rankings))


def candidates_of(
    disorders: Sequence[str],
    path: Path,
    make_rankings: Callable[[], Sequence[Ranking]],
    most: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Candidates]:
    """The candidates of every disorder, from the file where they are there, else found and added to it.

    Args:
        disorders: Names.
        path: JSON lines, one `Candidates` each.
        make_rankings: Called only if something must be found, as an encoder takes minutes to embed all codes.
        most: Codes for each.
        progress: Called with disorders done and to do.

    Raises:
        ConfigError: A line of the file is at fault.
    """
    known = _read(path)
    missing = [disorder for disorder in disorders if disorder not in known]
    if missing:
        rankings = make_rankings()
        for done, disorder in enumerate(missing, 1):
            known[disorder] = rank_candidates(disorder, rankings, most)
            if progress:
                progress(done, len(missing))
        with atomic_path(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="\n") as stream:
            for found in known.values():
                stream.write(json.dumps(to_mapping(found), ensure_ascii=False) + "\n")
    return {disorder: known[disorder] for disorder in disorders}


def described(code: str) -> str:
    """A code with its official name, as it stands in a sheet."""
    return f"{code} {icd10cm()[code].description}"


def _read(path: Path) -> dict[str, Candidates]:
    known: dict[str, Candidates] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return known
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8; delete it, and it is made anew") from None
    for number, line in enumerate(lines, 1):
        try:
            found = from_mapping(Candidates, json.loads(line))
            for code in found.codes:
                icd10cm()[code]
        except (ValueError, RecursionError, ConfigError) as error:
            raise ConfigError(
                f"{path}:{number}: holds no candidates ({error}); delete the file, to have it made anew"
            ) from None
        known[found.disorder] = found
    return known


def rankings_of_icd10cm(encoder: str) -> list[Ranking]:
    """By words; with an encoder (see `search_by_meaning`) by meaning too.

    Raises:
        ModelError: There is no usable encoder of this name.
    """
    from raddiag_train.knowledge.lexical_search import LexicalSearch
    from raddiag_train.knowledge.searched_disorder import disorders_of_icd10cm

    disorders = disorders_of_icd10cm()
    rankings = [Ranking("words", LexicalSearch(disorders))]
    if encoder:
        from raddiag_train.knowledge.meaning_search import search_by_meaning

        by_meaning = search_by_meaning(disorders, encoder)
        rankings.append(Ranking(by_meaning.encoder_name, by_meaning))
    return rankings
