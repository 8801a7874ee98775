"""Recipes that say what the class folders of several data sets hold: TOML, one table `[[source]]` a data set."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError
from raddiag_train.data.folders import FolderLabel, FolderSource
from raddiag_train.data.records import NORMAL

RECIPES = Path(__file__).parents[1] / "recipes"


@dataclass(frozen=True)
class FolderRecipe:
    """The data sets of a recipe."""

    source: tuple[FolderSource, ...]

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("there is no [[source]]")
        names = [source.name for source in self.source]
        if len(names) != len(set(names)):
            raise ValueError("two sources have the same name")


def read_folder_recipe(path: Path) -> FolderRecipe:
    """Read a recipe; a bare name such as "open_images.toml" that is no file here is one of those that ship.

    Raises:
        ConfigError: It is missing, not TOML, or has an unknown key or word.
    """
    shipped = RECIPES / path
    path = path if path.exists() or not shipped.is_file() else shipped
    try:
        return from_mapping(FolderRecipe, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such recipe") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML ({error})") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_label(text: str) -> tuple[str, FolderLabel]:
    """Class folder and label from text such as "glioma=Glioma:C71.9"; several codes are parted by commas.

    Raises:
        ConfigError: There is no folder or no name.
    """
    folder, sign, rest = text.partition("=")
    name, _, codes = rest.partition(":")
    if not (folder.strip() and sign and name.strip()):
        raise ConfigError(f'--label takes FOLDER="Disorder name:ICD-10-CM code", not {text!r}')
    return folder.strip(), FolderLabel(name.strip(), tuple(code.strip() for code in codes.split(",") if code.strip()))


def normal_label(folder: str) -> tuple[str, FolderLabel]:
    """The label of a class folder of normal images."""
    return folder, FolderLabel(NORMAL)
