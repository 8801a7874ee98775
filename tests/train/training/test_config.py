"""Recipes: what is wrong is named, with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import ConfigError
from raddiag_train.training.config import RECIPES, find_recipe, read_config
from raddiag_train.training.run_folder import write_config

MINIMAL = '[data]\ncases = ["cases.jsonl"]\n'


def recipe(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    path = recipe(tmp_path, MINIMAL + "[optimisation]\nlearning_rat = 1e-3\n")
    with pytest.raises(ConfigError, match=r"recipe.toml.*'optimisation.learning_rat'.*'learning_rate'"):
        read_config(path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("[optimisation]\nbatch_cases = 10\naccumulation = 4\n", "multiple of accumulation"),
        ("[optimisation]\nmixup_alpha = -1\n", "mixup_alpha"),
        ("[optimisation]\nepochs = 0\n", "epochs or steps"),
        ('[optimisation]\nepochs = "many"\n', "optimisation.epochs: expected float"),
        ("[network]\nclasses = 3\n", "network.classes"),
        ('[network]\nencoder = "slice_attention"\n[optimisation]\nmixup_alpha = 0.2\n', "mixup_alpha"),
        ("[data.nothing\n", "cannot be read as TOML"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(recipe(tmp_path, MINIMAL + text))
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        read_config(tmp_path / "absent.toml")


def test_cases_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data"):
        read_config(recipe(tmp_path, ""))


def test_paths_are_relative_to_the_recipe_and_those_of_assignments_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    path = recipe(tmp_path, MINIMAL)
    assert read_config(path).data.cases == (str(tmp_path / "cases.jsonl"),)
    given = read_config(path, ['data.cases=["more.jsonl"]', "data.cache=prepared"]).data
    assert given.cases == (str(elsewhere / "more.jsonl"),)
    assert given.cache_folder == elsewhere / "prepared"


def test_the_configuration_in_the_run_folder_reads_back_as_it_was(tmp_path: Path) -> None:
    text = MINIMAL + '[card]\nname = "a \\"quoted\\" näme"\n[card.sources."two words"]\nreal = false\n'
    config = read_config(recipe(tmp_path, text), ["optimisation.epochs=3", "augmentation.gamma=[0.5, 2.0]"])
    write_config(tmp_path / "run", config)
    assert to_mapping(read_config(tmp_path / "run" / "config.toml")) == to_mapping(config)


def test_the_initial_model_is_a_path_beside_the_recipe_or_else_a_name(tmp_path: Path) -> None:
    (tmp_path / "parent").mkdir()
    for given, expected in (("parent", str(tmp_path / "parent")), ("demo", "demo")):
        text = MINIMAL + f'[optimisation]\ninitial_model = "{given}"\n'
        assert read_config(recipe(tmp_path, text)).optimisation.initial_model == expected


@pytest.mark.parametrize("name", ["demo", "demo-knowledge"])
def test_bundled_recipes_are_found_by_name_and_are_valid(name: str) -> None:
    path = find_recipe(name.replace("-", "_"))
    assert path.parent == RECIPES
    assert read_config(path, ['data.cases=["cases.jsonl"]']).card.name == name
