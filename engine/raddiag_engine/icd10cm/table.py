"""ICD-10-CM as a table to look codes up in and a tree to climb.

A code with a seventh character ("S72.001A") has no line in the file: it is its stem and one of the stem's set of
seventh characters, and is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from raddiag_engine.icd10cm.code import dotted
from raddiag_engine.icd10cm.columns import Columns, read_columns
from raddiag_engine.icd10cm.entry import Entry, Kind
from raddiag_engine.icd10cm.errors import UnknownCode
from raddiag_engine.icd10cm.tree import Tree
from raddiag_resources import path_of

_FIELDS = {"=": "inclusion_terms", "+": "includes", "1": "excludes1", "2": "excludes2", "?": "notes"}
_EXTENSIONS = "7"
_PLACEHOLDER = "X"
_FULL_LENGTH = 7
_CATEGORY_LENGTH = 3


@cache
def icd10cm() -> Icd10cm:
    """The classification that ships with this package; read once."""
    return Icd10cm(read_columns(path_of("icd10cm.tsv.gz")))


class Icd10cm:
    """The classification, in the order of the tabular list.

    Codes may be given with or without the dot, in either case; they come back as the list writes them.

    Attributes:
        release: Date of the release, such as "2026-04-01".
        source: Who publishes it.
    """

    def __init__(self, columns: Columns) -> None:
        self.release = columns.release
        self.source = columns.source
        self._columns = columns
        self._codes = columns.codes
        self._tree = Tree(columns.depths)
        self._rows = dict(zip(self._codes, range(len(self._codes)), strict=True))

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
            elif "-" not in code and not self._tree.has_children(row):
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
        above = self._tree.parents[row]
        return None if above < 0 else self._codes[above]

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The codes above, from the nearest to the chapter.

        Raises:
            UnknownCode: There is no such code.
        """
        row, extension = self._place(code)
        found = [self._codes[row]] if extension else []
        while (row := self._tree.parents[row]) >= 0:
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
        return tuple(self._codes[below] for below in self._tree.rows_below(row) if self._tree.parents[below] == row)

    def descendants(self, code: str) -> tuple[str, ...]:
        """The codes below, of any level, without seventh characters.

        Raises:
            UnknownCode: There is no such code.
        """
        row, extension = self._place(code)
        return () if extension else tuple(self._codes[below] for below in self._tree.rows_below(row))

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
        while (above := self._tree.parents[row]) >= 0:
            row = above
        return self._entry(row)

    def block_of(self, code: str) -> Entry:
        """The narrowest block that holds a code; a block is its own.

        Raises:
            UnknownCode: There is no such code, or it is a chapter.
        """
        row, _ = self._place(code)
        while row >= 0 and self._kind(row) != "block":
            row = self._tree.parents[row]
        if row < 0:
            raise UnknownCode(code, self.release)
        return self._entry(row)

    def _extensions(self, row: int) -> dict[str, str]:
        """The seventh characters of a row and what they mean."""
        _, tab, last = self._columns.lines[row].rpartition("\t")
        return self._columns.extension_sets[int(last[1:])] if tab and last[0] == _EXTENSIONS else {}

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
            return "block" if self._tree.parents[row] >= 0 else "chapter"
        return "category" if len(code) == _CATEGORY_LENGTH else "subcode"

    def _entry(self, row: int, extension: str = "") -> Entry:
        description, *notes = self._columns.lines[row].split("\t")
        extensions, kind = self._extensions(row), self._kind(row)
        if extension:
            described = f"{description}, {extensions[extension]}"
            return Entry(_extended(self._codes[row], extension), kind, described, billable=True)
        fields: dict[str, list[str]] = {name: [] for name in _FIELDS.values()}
        for note in notes:
            if note[0] != _EXTENSIONS:
                fields[_FIELDS[note[0]]].append(note[1:])
        billable = kind not in ("chapter", "block") and not extensions and not self._tree.has_children(row)
        return Entry(self._codes[row], kind, description, billable, **{name: tuple(v) for name, v in fields.items()})


def _extended(code: str, character: str) -> str:
    """A code with its seventh character, after as many placeholders as it takes."""
    return dotted(code.replace(".", "").ljust(_FULL_LENGTH - 1, _PLACEHOLDER) + character)
