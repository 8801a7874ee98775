"""The table of ICD-10-CM and its tree; how the file is laid out is said in resources/build_icd10cm_table.py.

A code with a seventh character ("S72.001A") has no line in the file: it is its stem and one of the stem's set of
seventh characters, and is made when it is asked for.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm.code import dotted
from raddiag_engine.icd10cm.entry import Entry, Kind
from raddiag_engine.icd10cm.errors import UnknownCode
from raddiag_resources import path_of

_FIELDS = {"=": "inclusion_terms", "+": "includes", "1": "excludes1", "2": "excludes2", "?": "notes"}
_EXTENSIONS = "7"
_PLACEHOLDER = "X"
_FULL_LENGTH = 7
_CATEGORY_LENGTH = 3


@cache
def icd10cm() -> Icd10cm:
    """The classification that ships with this package; read once."""
    return Icd10cm.read(path_of("icd10cm.tsv.gz"))


class Icd10cm:
    """The classification, in the order of the tabular list.

    Codes may be given with or without the dot, in either case; they come back as the list writes them.

    Attributes:
        release: Date of the release, such as "2026-04-01".
        source: Who publishes it.
    """

    def __init__(self, header: dict[str, object], codes: list[str], depths: str, lines: list[str]) -> None:
        self.release = str(header["release"])
        self.source = str(header["source"])
        self._extension_sets: list[dict[str, str]] = header["seventh_characters"]  # type: ignore[assignment]
        self._codes = codes
        self._depths = depths
        self._lines = lines
        self._rows = dict(zip(codes, range(len(codes)), strict=True))

    @classmethod
    def read(cls, path: Path) -> Icd10cm:
        """Read the table.

        Raises:
            ConfigError: The file is missing or damaged.
        """
        try:
            header, codes, depths, *lines = gzip.decompress(path.read_bytes()).decode().split("\n")
            fields, split_codes = json.loads(header), codes.split(" ")
            if not len(split_codes) == len(depths) == len(lines) == fields["rows"]:
                raise ValueError("its columns differ in length")
            return cls(fields, split_codes, depths, lines)
        except (OSError, EOFError, ValueError, KeyError, zlib.error) as error:
            raise ConfigError(f"{path}: cannot be read ({error}); install napari-raddiag again") from error

    def __contains__(self, code: str) -> bool:
        return self._find(code) is not None

    def __getitem__(self, code: str) -> Entry:
        """The entry of a code.

        Raises:
            UnknownCode: There is none, with the nearest place that there is.
        """
        row, extension = self._place(code)
        return self._entry(row, extension)

    def codes(self) -> tuple[str, ...]:
        """Categories and subcodes, without those of seven characters that only add the encounter or the like."""
        return tuple(code for code in self._codes if "-" not in code)

    def categories(self) -> tuple[str, ...]:
        """The codes of three characters."""
        return tuple(code for code in self._codes if len(code) == _CATEGORY_LENGTH)

    def billable_codes(self) -> Iterator[str]:
        """Every code that may be reported, those with a seventh character included."""
        for row, code in enumerate(self._codes):
            extensions = self._extensions(row)
            if extensions:
                yield from (_extended(code, character) for character in extensions)
            elif "-" not in code and not self._has_children(row):
                yield code

    def without_seventh_character(self, code: str) -> str:
        """The code that has a line of its own: "S72.001A" -> "S72.001"; other codes stay as they are.

        Raises:
            UnknownCode: There is no such code.
        """
        return self._codes[self._place(code)[0]]

    def parent(self, code: str) -> str | None:
        """The code one level up; None for a chapter.

        Raises:
            UnknownCode: There is no such code.
        """
        row, extension = self._place(code)
        if extension:
            return self._codes[row]
        above = self._parents[row]
        return None if above < 0 else self._codes[above]

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes above, from the nearest to the chapter.

        Raises:
            UnknownCode: There is no such code.
        """
        row, extension = self._place(code)
        found = [self._codes[row]] if extension else []
        while (row := self._parents[row]) >= 0:
            found.append(self._codes[row])
        return tuple(found)

    def children(self, code: str) -> tuple[str, ...]:
        """The codes one level down, in the order of the list.

        Raises:
            UnknownCode: There is no such code.
        """
        row, extension = self._place(code)
        if extension:
            return ()
        if extensions := self._extensions(row):
            return tuple(_extended(self._codes[row], character) for character in extensions)
        return tuple(self._codes[below] for below in self._rows_below(row) if self._parents[below] == row)

    def descendants(self, code: str) -> tuple[str, ...]:
        """The codes below, of any level, without seventh characters.

        Raises:
            UnknownCode: There is no such code.
        """
        row, extension = self._place(code)
        return () if extension else tuple(self._codes[below] for below in self._rows_below(row))

    def roll_up(self, code: str) -> str:
        """The first level that a code belongs to, its category: "J12.0" -> "J12".

        Raises:
            UnknownCode: There is no such code, or it is a chapter or block, which has no one category.
        """
        row, _ = self._place(code)
        category = self._codes[row][:_CATEGORY_LENGTH]
        if "-" in self._codes[row]:
            raise UnknownCode(code, self.release, nearest=category)
        return category

    def chapter_of(self, code: str) -> Entry:
        """The chapter of a code: its code is a range such as "J00-J99", its description the title.

        Raises:
            UnknownCode: There is no such code.
        """
        row, _ = self._place(code)
        while (above := self._parents[row]) >= 0:
            row = above
        return self._entry(row)

    def block_of(self, code: str) -> Entry:
        """The narrowest block that holds a code; a block is its own.

        Raises:
            UnknownCode: There is no such code, or it is a chapter.
        """
        row, _ = self._place(code)
        while row >= 0 and self._kind(row) != "block":
            row = self._parents[row]
        if row < 0:
            raise UnknownCode(code, self.release)
        return self._entry(row)

    @cached_property
    def _parents(self) -> list[int]:
        """The row above each row; -1 for chapters."""
        last_at_depth: dict[int, int] = {-1: -1}
        parents = []
        for row, depth in enumerate(map(int, self._depths)):
            parents.append(last_at_depth[depth - 1])
            last_at_depth[depth] = row
        return parents

    def _has_children(self, row: int) -> bool:
        return self._depths[row + 1 : row + 2] > self._depths[row]

    def _rows_below(self, row: int) -> range:
        depth, end = self._depths[row], row + 1
        while end < len(self._depths) and self._depths[end] > depth:
            end += 1
        return range(row + 1, end)

    def _extensions(self, row: int) -> dict[str, str]:
        """The seventh characters of a row and what they mean."""
        _, tab, last = self._lines[row].rpartition("\t")
        return self._extension_sets[int(last[1:])] if tab and last[0] == _EXTENSIONS else {}

    def _find(self, code: str) -> tuple[int, str] | None:
        """The row of a code and its seventh character, which is empty for codes that have a row of their own."""
        written = dotted(code)
        if written in self._rows:
            return self._rows[written], ""
        plain = written.replace(".", "")
        if len(plain) != _FULL_LENGTH:
            return None
        stem, extension = plain[:-1], plain[-1]
        while True:
            row = self._rows.get(dotted(stem))
            if row is not None and extension in self._extensions(row):
                return row, extension
            if not stem.endswith(_PLACEHOLDER):
                return None
            stem = stem[:-1]

    def _place(self, code: str) -> tuple[int, str]:
        place = self._find(code)
        if place is None:
            plain = dotted(code).replace(".", "")
            nearest = (dotted(plain[:length]) for length in range(len(plain), 2, -1))
            raise UnknownCode(code, self.release, next((known for known in nearest if known in self._rows), ""))
        return place

    def _kind(self, row: int) -> Kind:
        code = self._codes[row]
        if "-" in code:
            return "chapter" if self._depths[row] == "0" else "block"
        return "category" if len(code) == _CATEGORY_LENGTH else "subcode"

    def _entry(self, row: int, extension: str = "") -> Entry:
        description, *notes = self._lines[row].split("\t")
        extensions, kind = self._extensions(row), self._kind(row)
        if extension:
            described = f"{description}, {extensions[extension]}"
            return Entry(_extended(self._codes[row], extension), kind, described, billable=True)
        fields: dict[str, list[str]] = {name: [] for name in _FIELDS.values()}
        for note in notes:
            if note[0] != _EXTENSIONS:
                fields[_FIELDS[note[0]]].append(note[1:])
        billable = kind not in ("chapter", "block") and not extensions and not self._has_children(row)
        return Entry(self._codes[row], kind, description, billable, **{name: tuple(v) for name, v in fields.items()})


def _extended(code: str, character: str) -> str:
    """A code with its seventh character, after as many placeholders as it takes."""
    return dotted(code.replace(".", "").ljust(_FULL_LENGTH - 1, _PLACEHOLDER) + character)
