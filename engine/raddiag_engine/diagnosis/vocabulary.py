"""Disorders that a person asks for by name, whether or not the model ever learned them. Free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.errors import ConfigError, RaddiagError
from raddiag_engine.icd10cm import UnknownCode, icd10cm
from raddiag_engine.icd10cm.code import CODE, dotted

MOST_NAMES = 1000
MOST_NAME_CHARACTERS = 200
MOST_CODES = 8


@dataclass(frozen=True)
class NamedDisorder:
    """A disorder as a person names it.

    Attributes:
        name: Embedded as it is, so in the words of a medical term.
        icd10cm: Its codes, if the person gave any; shown, not computed with.
    """

    name: str
    icd10cm: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip() or not self.name.isprintable():
            raise ValueError(f"{self.name[:40]!r} is no name of a disorder: it is empty or holds control characters")
        if len(self.name) > MOST_NAME_CHARACTERS:
            raise ValueError(f"{self.name[:40]!r}... is longer than {MOST_NAME_CHARACTERS} characters")
        if len(self.icd10cm) > MOST_CODES:
            raise ValueError(f"{self.name!r} has more than {MOST_CODES} codes")
        for code in self.icd10cm:
            if not CODE.fullmatch(code):
                raise ValueError(
                    f"{self.name!r} has {code[:20]!r}, which is not an ICD-10-CM code such as D32 or I62.9"
                )


def name_key(name: str) -> str:
    """What two spellings of one name have in common: any case and spacing."""
    return " ".join(name.casefold().split())


def check_vocabulary(vocabulary: Sequence[NamedDisorder]) -> None:
    """Check what can only be seen of all names together.

    Raises:
        RaddiagError: There are too many, or two are the same.
    """
    if len(vocabulary) > MOST_NAMES:
        raise RaddiagError(f"{len(vocabulary)} disorders are asked for by name; at most {MOST_NAMES} can be at once")
    seen: set[str] = set()
    for disorder in vocabulary:
        key = name_key(disorder.name)
        if key in seen:
            raise RaddiagError(f"{disorder.name!r} is asked for twice")
        seen.add(key)


def read_vocabulary(path: Path, most_names: int | None = MOST_NAMES) -> tuple[NamedDisorder, ...]:
    """A file with a name a line and, after a tab, its ICD-10-CM code or codes, separated by commas.

    Args:
        path: UTF-8.
        most_names: None for any number.

    Raises:
        ConfigError: The file cannot be read, or a line has no name, one that was there before, or an unknown code.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; a vocabulary has the name of a disorder a line") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text in UTF-8 ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if not lines:
        raise ConfigError(f"{path}: names no disorder; a vocabulary has the name of a disorder a line")
    if most_names is not None and len(lines) > most_names:
        raise ConfigError(f"{path}: has {len(lines)} lines; at most {most_names} disorders can be asked for at once")
    found: list[NamedDisorder] = []
    line_of: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        try:
            disorder = _disorder(line)
        except (ValueError, UnknownCode) as error:
            raise ConfigError(f"{path}:{number}: {error}") from error
        first = line_of.setdefault(name_key(disorder.name), number)
        if first != number:
            raise ConfigError(f"{path}:{number}: {disorder.name!r} is in line {first} already; leave one out")
        found.append(disorder)
    return tuple(found)


def _disorder(line: str) -> NamedDisorder:
    name, _, codes = line.partition("\t")
    if not name.strip():
        raise ValueError("no name of a disorder; remove the line or name one")
    given = [dotted(code) for code in codes.replace("\t", ",").split(",") if code.strip()]
    disorder = NamedDisorder(" ".join(name.split(" ")).strip(), tuple(dict.fromkeys(given)))
    table = icd10cm()
    for code in disorder.icd10cm:
        table[code]  # raises with the nearest place that there is
    return disorder
