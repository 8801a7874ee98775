"""The rows of a published data set: from its tables, joined, or from the paths of its files."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import string
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from raddiag_engine.errors import ConfigError
from raddiag_train.data.dataset_descriptor import DatasetDescriptor, TableSource

csv.field_size_limit(2**24)  # a report fills one field


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        place: File and line, for messages.
        fields: Column -> text; for files the named groups and `path`.
    """

    place: str
    fields: dict[str, str]

    def fill(self, template: str) -> str:
        """The template with the row's fields in it.

        Raises:
            ConfigError: It names a field that the row does not have.
        """
        try:
            return _FORMATTER.vformat(template, (), self.fields)
        except KeyError as error:
            raise ConfigError(
                f"{self.place}: there is no column {error.args[0]!r}; there are {', '.join(self.fields)}"
            ) from None


class _Fields(string.Formatter):
    """Column names may hold dots, brackets and blanks, which `str.format` takes for attributes and indices."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:
        return kwargs[field_name], field_name


_FORMATTER = _Fields()


class FileTree:
    """The files below a data set's folder, listed once when first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def files(self) -> list[str]:
        """Paths relative to the root, with "/", sorted; hidden ones are left out."""
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if not name.startswith(".")]
            inside = Path(folder).relative_to(self.root).as_posix()
            prefix = "" if inside == "." else f"{inside}/"
            found += [prefix + name for name in names if not name.startswith(".")]
        return sorted(found)

    @cached_property
    def folders(self) -> list[str]:
        """Folders that hold files, relative, sorted."""
        return sorted({path.rpartition("/")[0] for path in self.files})

    @cached_property
    def _places(self) -> dict[str, list[str]]:
        """Name of a file or folder -> the folders that hold one, with "/" at their end."""
        places: dict[str, dict[str, None]] = defaultdict(dict)
        for path in self.files:
            folder, slash, name = path.rpartition("/")
            places[name][folder + slash] = None
        inner = {parent for folder in self.folders for parent in (folder, *_parents(folder)) if parent}
        for folder in sorted(inner):
            above, slash, name = folder.rpartition("/")
            places[name][above + slash] = None
        return {name: list(folders) for name, folders in places.items()}

    @cached_property
    def _all(self) -> set[str]:
        return {*self.files, *self.folders}

    def find(self, pattern: str) -> list[Path]:
        """Files and folders that match, sorted; none if there are none.

        Args:
            pattern: Relative path with "/" or "\\"; may hold wildcards. `**/PATH` without any finds a path below any
                folder, and costs one look.
        """
        parts = [part for part in PurePosixPath(pattern.replace("\\", "/")).parts if part != "."]
        if not parts or ".." in parts or parts[0] == "/":
            return []
        wild = [any(sign in part for sign in "*?[") for part in parts]
        if parts[0] == "**" and len(parts) > 1 and not any(wild[1:]):
            inside = "/".join(parts[1:])
            return [
                self.root / f"{place}{inside}"
                for place in self._places.get(parts[1], ())
                if place + inside in self._all
            ]
        if any(wild):
            return sorted(self.root.glob("/".join(parts)))
        path = self.root.joinpath(*parts)
        return [path] if path.exists() else []


def _parents(folder: str) -> Iterator[str]:
    while "/" in folder:
        folder = folder.rpartition("/")[0]
        yield folder


def rows_of(descriptor: DatasetDescriptor, tree: FileTree) -> Iterator[Row]:
    """All rows that are not filtered out, joined.

    Raises:
        ConfigError: A table is missing or cannot be read, or a template names a column that is not there.
    """
    joined = [(join, _by_column(join.file, join.column, tree)) for join in descriptor.joins]
    source = _file_rows(descriptor, tree) if descriptor.files else _table_rows(descriptor.tables, tree)
    for row in source:
        matches = [table.get(row.fill(join.key)) for join, table in joined]
        if any(match is None for match in matches):
            continue
        fields = dict(row.fields)
        for match in matches:
            fields.update({key: value for key, value in (match or {}).items() if key not in row.fields})
        full = Row(row.place, fields | _derived(descriptor, Row(row.place, fields)))
        if all(full.fill(f"{{{name}}}") in values for name, values in descriptor.where.items()):
            yield full


def _derived(descriptor: DatasetDescriptor, row: Row) -> dict[str, str]:
    fields: dict[str, str] = {}
    for derived in descriptor.derived:
        text = row.fill(f"{{{derived.field}}}")
        match = re.search(derived.pattern, text)
        if match is None:
            raise ConfigError(f"{row.place}: {derived.field} {text!r} does not match {derived.pattern!r}")
        fields |= {name: value or "" for name, value in match.groupdict().items()}
    return fields


def _file_rows(descriptor: DatasetDescriptor, tree: FileTree) -> Iterator[Row]:
    pattern = re.compile(descriptor.files)
    for path in tree.folders if descriptor.folders else tree.files:
        if match := pattern.search(path):
            yield Row(str(tree.root / path), {"path": path, **{k: v or "" for k, v in match.groupdict().items()}})


def _table_rows(tables: tuple[TableSource, ...], tree: FileTree) -> Iterator[Row]:
    for table in tables:
        path = _one_file(table.file, tree, table.optional)
        if path is not None:
            for number, fields in _read_table(path):
                yield Row(f"{path}:{number}", {**fields, **table.fields})


def _by_column(file: str, column: str, tree: FileTree) -> dict[str, dict[str, str]]:
    path = _one_file(file, tree)
    assert path is not None
    found: dict[str, dict[str, str]] = {}
    for number, fields in _read_table(path):
        if column not in fields:
            raise ConfigError(f"{path}:{number}: there is no column {column!r}; there are {', '.join(fields)}")
        found.setdefault(fields[column], fields)
    return found


def _one_file(pattern: str, tree: FileTree, optional: bool = False) -> Path | None:
    found = tree.find(pattern)
    if not found and not optional:
        raise ConfigError(f"{tree.root}: the table {pattern} is missing; is this the folder of that data set?")
    return found[0] if found else None


def _read_table(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number of their line (of their object, in JSON)."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        hint = "; save the sheet as CSV (UTF-8)" if path.suffix in (".xls", ".xlsx") else ""
        raise ConfigError(f"{path}: cannot be read as text ({error}){hint}") from error
    if ".json" in path.suffixes:
        yield from _json_rows(text, path)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if ".tsv" in path.suffixes else ",")
    for fields in reader:
        if None in fields or None in fields.values():
            raise ConfigError(f"{path}:{reader.line_num}: has {_columns(fields)} columns, the header {_header(reader)}")
        yield reader.line_num, {key.strip(): value.strip() for key, value in fields.items()}


def _header(reader: csv.DictReader[str]) -> int:
    return len(reader.fieldnames or ())


def _columns(fields: dict[Any, Any]) -> int:
    extra = fields.get(None) or ()
    return sum(value is not None for key, value in fields.items() if key is not None) + len(extra)


def _json_rows(text: str, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(data, list):
        raise ConfigError(f"{path}: expected a list of objects")
    for number, item in enumerate(data, 1):
        if not isinstance(item, dict):
            raise ConfigError(f"{path}: item {number} is no object")
        yield number, {str(key): _as_text(value) for key, value in item.items()}


def _as_text(value: Any) -> str:
    """A list of labels becomes text parted by "|"."""
    if isinstance(value, list):
        return "|".join(str(item) for item in value)
    return "" if value is None else str(value)
