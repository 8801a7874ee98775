"""Sheets that people fill in: CSV as spreadsheet programs read and write it, and what they may do to it.

Rows may be sorted, columns moved or added, the file saved with semicolons or tabs. What makes answers belong to other
questions, such as one column sorted alone, is a fault with its file and line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.atomic import atomic_path
from raddiag_engine.errors import ConfigError

ID = "id"
_FORMULA_STARTS = ("=", "+", "-", "@")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet.

    Attributes:
        place: File and line, for messages.
        cells: Column -> text.
    """

    place: str
    cells: Mapping[str, str]

    def fault(self, what: str) -> ConfigError:
        """The error of this row."""
        return ConfigError(f"{self.place}: {what}")


@dataclass(frozen=True)
class Sheet:
    """A sheet as it should be.

    Attributes:
        path: Of the file.
        columns: In their order; the first is "id".
        name_column: Which must still say what was written there, so that an answer is to what it seems to be.
    """

    path: Path
    columns: tuple[str, ...]
    name_column: str

    def fill_up(self, wanted: Mapping[str, Mapping[str, str]], known: Mapping[str, str]) -> dict[str, SheetRow]:
        """The wanted rows, with what people wrote in them; rows that the file lacks are added to it, open.

        Args:
            wanted: Id -> cells of a new row.
            known: Id -> name of all there could be; a row of one that is not wanted is left alone.

        Returns:
            Id -> row, in the order of `wanted`.

        Raises:
            ConfigError: The sheet is spoilt; names the line.
        """
        rows = self._checked(known) if self.path.exists() else {}
        if wanted and (missing := [key for key in wanted if key not in rows]):
            self._write([*(row.cells for row in rows.values()), *(wanted[key] for key in missing)])
            rows = self._checked(known)
        return {key: rows[key] for key in wanted}

    def _checked(self, known: Mapping[str, str]) -> dict[str, SheetRow]:
        rows: dict[str, SheetRow] = {}
        for row in read_rows(self.path, self.columns):
            key = row.cells[ID]
            if key not in known:
                raise row.fault(f"no row has the id {key[:40]!r}; take this line out, or put its id back")
            if key in rows:
                raise row.fault(f"the id {key} is there twice, first in {rows[key].place}; take one of them out")
            name = row.cells[self.name_column]
            if _bare(name) != _bare(known[key]):
                raise row.fault(
                    f"the id {key} is that of {known[key]!r}, not of {name[:60]!r}; perhaps one column was sorted "
                    "without the others; put the rows right"
                )
            rows[key] = row
        return rows

    def _write(self, rows: Sequence[Mapping[str, str]]) -> None:
        extra = dict.fromkeys(column for row in rows for column in row if column not in self.columns)
        columns = [*self.columns, *extra]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([_safe(row.get(column, "")) for column in columns] for row in rows)
        with atomic_path(self.path) as unfinished:
            # With the mark at the start, without which Excel takes UTF-8 for something else.
            unfinished.write_bytes(text.getvalue().encode("utf-8-sig", "backslashreplace"))


def read_rows(path: Path, columns: Sequence[str]) -> list[SheetRow]:
    """The rows of a sheet that are not blank.

    Raises:
        ConfigError: The file is not UTF-8 or no table, or lacks a column; names the line.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: is not UTF-8; save the sheet as 'CSV UTF-8'") from None
    if "\0" in text:
        raise ConfigError(f"{path}:1: is no CSV file; save the sheet as 'CSV UTF-8'")
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[SheetRow] = []
    header: list[str] = []
    line = 1
    try:
        for cells in reader:
            stripped = [" ".join(cell.split()) for cell in cells]
            if not header:
                header = _header(path, stripped, columns)
            elif any(stripped):
                if len(stripped) > len(header):
                    raise ConfigError(f"{path}:{line}: has {len(stripped)} cells for {len(header)} columns")
                padded = [*stripped, *[""] * (len(header) - len(stripped))]
                rows.append(SheetRow(f"{path}:{line}", dict(zip(header, padded, strict=True))))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigError(f"{path}:{line}: cannot be read as CSV ({error})") from None
    if not header:
        raise ConfigError(f"{path}:1: is empty; delete it, and it is made anew")
    return rows


def _header(path: Path, cells: list[str], columns: Sequence[str]) -> list[str]:
    for column in columns:
        if cells.count(column) != 1:
            fault = "is missing" if column not in cells else "is there twice"
            raise ConfigError(f"{path}:1: the column {column!r} {fault}; the first line names the columns")
    return [cell or f"column {place}" for place, cell in enumerate(cells, 1)]


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, in one line."""
    line = " ".join(cell.split())
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def _bare(name: str) -> str:
    return name.lstrip("'").casefold()
