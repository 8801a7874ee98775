"""What a published data set's folder looks like, as data: one short TOML file a set in `raddiag_train/datasets`.

A descriptor says where rows come from (a table, or the paths of files), and how a row's fields name the scan's file,
its case, patient, split and labels. Fields are filled into templates such as `"images/{study_id}/{image_id}.dicom"`.
It knows nothing of how the rows are read; see `dataset_import`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from raddiag_engine.cases import Anatomy, Modality, Plane
from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError
from raddiag_train.data.folders import FolderLabel
from raddiag_train.data.records import SPLITS, parse_word

DATASETS = Path(__file__).parents[1] / "datasets"


@dataclass(frozen=True)
class TableSource:
    """A table, a row a scan or a box: CSV (also gzipped, also TSV), or JSON with a list of objects.

    Attributes:
        file: Relative to the set's folder; wildcards as of `Path.glob`, of which the first match is taken.
        fields: Constant fields of its rows, such as the part of the split that the file stands for.
        optional: It may be absent.
    """

    file: str
    fields: dict[str, str] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Join:
    """Further columns of the rows, from a second table.

    Attributes:
        file: As of a table.
        column: Of the second table, by which its rows are found.
        key: Template of the value looked for. Rows without a match are left out.
    """

    file: str
    column: str
    key: str


@dataclass(frozen=True)
class Derived:
    """Further fields from the text of one.

    Attributes:
        field: Whose text is looked at.
        pattern: Regular expression, whose named groups become fields. A row it does not match is a fault.
    """

    field: str
    pattern: str

    def __post_init__(self) -> None:
        if not re.compile(self.pattern).groupindex:
            raise ValueError(f"pattern {self.pattern!r} names no group")


@dataclass(frozen=True)
class LabelRules:
    """How a row says what it shows.

    Attributes:
        value: Template of the label.
        separator: Between several labels in one value.
        strip: Characters taken off both ends of each label, such as quotes.
        columns: True if the keys of `names` are columns, each of which holds whether the label applies.
        column_pattern: Regular expression of such columns; its first group is the label.
        positive: Values of such a column that mean yes; any other means no.
        names: Label in the set -> disorder; the name "Normal" is for normal cases.
        unnamed: What becomes of a label that is not among `names`.
        none: What becomes of a case without any label.
    """

    value: str = ""
    separator: str = ""
    strip: str = ""
    columns: bool = False
    column_pattern: str = ""
    positive: tuple[str, ...] = ("1", "1.0")
    names: dict[str, FolderLabel] = field(default_factory=dict)
    unnamed: Literal["refuse", "keep", "leave out"] = "refuse"
    none: Literal["refuse", "normal", "leave out"] = "refuse"

    def __post_init__(self) -> None:
        if sum((bool(self.value), self.columns, bool(self.column_pattern))) != 1:
            raise ValueError("give one of value, columns and column_pattern")
        if self.column_pattern and re.compile(self.column_pattern).groups != 1:
            raise ValueError(f"column_pattern {self.column_pattern!r} needs one group, the label")


@dataclass(frozen=True)
class SplitRules:
    """The official split; a set without one has none of these.

    Attributes:
        value: Template of the split's name.
        names: Name in the set -> "train", "validation" or "test".
        lists: Text file, a scan a line -> split.
        key: Template of what the lists hold.
    """

    value: str = ""
    names: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    key: str = ""

    def __post_init__(self) -> None:
        for split in (*self.names.values(), *self.lists.values()):
            if split not in SPLITS:
                raise ValueError(f"split {split!r} is not one of {', '.join(SPLITS)}")
        if bool(self.lists) != bool(self.key):
            raise ValueError("lists and key belong together")


@dataclass(frozen=True)
class Words:
    """A word of a closed vocabulary that differs from row to row.

    Attributes:
        value: Template.
        names: Value in the set -> word; others are "unknown".
    """

    value: str
    names: dict[str, str]


@dataclass(frozen=True)
class DatasetDescriptor:
    """One published data set.

    Attributes:
        name: Of the descriptor's file; becomes the source of its cases.
        title: As the papers call it.
        reference: Where it is published.
        terms: Under which it may be used, in short.
        labels: What a row shows.
        modality: Of every scan, unless `modality_of` says it by row.
        anatomy: Likewise.
        plane: Likewise.
        tables: Where the rows come from; or else `files`.
        files: Regular expression, with named groups, on the paths of the set's files relative to its folder; each match
            is a row. With `folders`, on the paths of folders that hold files.
        folders: See `files`.
        joins: Second tables.
        derived: Fields found inside others.
        where: Field -> values; other rows are left out.
        scan: Template of the scan's path; wildcards as of a table. With `files`, the matched path by default.
        case: Template; scans of one case share it. One case a scan by default.
        patient: Template; empty if the set does not say, so that near-duplicates are looked for.
        split: The official one.
        modality_of: Modality by row.
        anatomy_of: Anatomy by row.
        plane_of: Plane by row.
        stored_as: What scans are stored in, where that is no format the engine reads: each is converted on import.
    """

    name: str
    title: str
    reference: str
    terms: str
    labels: LabelRules
    modality: Modality = Modality.UNKNOWN
    anatomy: Anatomy = Anatomy.UNKNOWN
    plane: Plane = Plane.UNKNOWN
    tables: tuple[TableSource, ...] = ()
    files: str = ""
    folders: bool = False
    joins: tuple[Join, ...] = ()
    derived: tuple[Derived, ...] = ()
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scan: str = ""
    case: str = ""
    patient: str = ""
    split: SplitRules = SplitRules()
    modality_of: Words | None = None
    anatomy_of: Words | None = None
    plane_of: Words | None = None
    stored_as: Literal["", "slice pictures", "MetaImage", "npz", "pickled array"] = ""

    def __post_init__(self) -> None:
        if bool(self.tables) == bool(self.files):
            raise ValueError("rows come from tables or from files: give one of them")
        if self.tables and not self.scan:
            raise ValueError("scan is missing: a table's rows need a template of the scan's path")
        try:
            re.compile(self.files)
        except re.error as error:
            raise ValueError(f"files: {self.files!r} is no regular expression ({error})") from error
        for words, vocabulary, key in (
            (self.modality_of, Modality, "modality"),
            (self.anatomy_of, Anatomy, "anatomy"),
            (self.plane_of, Plane, "plane"),
        ):
            for word in words.names.values() if words else ():
                try:
                    parse_word(vocabulary, key, word)  # type: ignore[type-var]
                except ConfigError as error:
                    raise ValueError(str(error)) from error

    @property
    def has_official_split(self) -> bool:
        """True if its publishers divided it."""
        return bool(self.split.value or self.split.lists)


def shipped_datasets() -> list[str]:
    """Names of the descriptors that ship, sorted."""
    return sorted(path.stem for path in DATASETS.glob("*.toml"))


def read_descriptor(name_or_path: str) -> DatasetDescriptor:
    """A descriptor that ships, by name, or one's own, by the path of a TOML file.

    Raises:
        ConfigError: There is none (with the nearest that ships), or it has an unknown key or word.
    """
    import difflib

    path = Path(name_or_path) if name_or_path.endswith(".toml") else DATASETS / f"{name_or_path}.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return from_mapping(DatasetDescriptor, {"name": path.stem, **data})
    except FileNotFoundError:
        near = difflib.get_close_matches(name_or_path, shipped_datasets(), 1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(shipped_datasets())}"
        raise ConfigError(f"no data set {name_or_path!r} is described; {hint}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error})") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
