"""The file of ICD-10-CM as columns; how it is laid out is said in resources/build_icd10cm_table.py."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.errors import ConfigError


@dataclass(frozen=True)
class Columns:
    """What the file holds, in the order of the tabular list.

    Attributes:
        release: Date of the release, such as "2026-04-01".
        source: Who publishes it.
        extension_sets: Sets of seventh characters, each with what they mean.
        codes: Of every chapter, block, category and subcode.
        depths: Their depths, a digit each; 0 for chapters.
        lines: Description and tagged notes of each, tab-separated.
    """

    release: str
    source: str
    extension_sets: list[dict[str, str]]
    codes: list[str]
    depths: str
    lines: list[str]


def read_columns(path: Path) -> Columns:
    """Read the file.

    Raises:
        ConfigError: It is missing or damaged.
    """
    try:
        first, codes, depths, *lines = gzip.decompress(path.read_bytes()).decode().split("\n")
        header = json.loads(first)
        columns = Columns(
            header["release"], header["source"], header["seventh_characters"], codes.split(" "), depths, lines
        )
        if not len(columns.codes) == len(depths) == len(lines) == header["rows"]:
            raise ValueError("its columns differ in length")
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); install napari-raddiag again") from error
    return columns
