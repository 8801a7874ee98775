"""Recipes: what is wrong is named, with what was probably meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from raddiag_engine.configuration import to_mapping
from raddiag_engine.errors import ConfigError
from raddiag_engine.models.released import released_network_config, released_preparation_config
from raddiag_train.training.config import RECIPES, find_recipe, read_config
from raddiag_train.training.run_folder import write_config

# Read by `data from-folders` and `knowledge pretrain`.
OF_OTHER_COMMANDS = ("open_images", "knowledge_minilm")
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


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in RECIPES.glob("*.toml") if path.stem not in OF_OTHER_COMMANDS)
)
def test_bundled_recipes_are_found_by_name_and_are_valid(name: str) -> None:
    path = find_recipe(name)
    assert path.parent == RECIPES
    assert read_config(path, ['data.cases=["cases.jsonl"]']).card.name.replace("-", "_").startswith(name.split("_")[0])


@pytest.mark.parametrize(
    "name, encoder, size_px",
    [("paper_resnet_512", "resnet", 512), ("paper_resnet_256", "resnet", 256), ("paper_vit_512", "vit", 512)],
)
def test_the_paper_s_recipe_is_that_of_its_section_5_3(name: str, encoder: str, size_px: int) -> None:
    config = read_config(find_recipe(name), ['data.cases=["cases.jsonl"]', "data.label_level=icd10cm"])
    optimisation, preparation, augmentation = config.optimisation, config.preparation, config.augmentation
    assert (config.network.encoder, preparation.image_size_px, preparation.volume_size_px) == (
        encoder,
        size_px,
        size_px,
    )
    assert (config.network.fusion.kind, config.network.fusion.layers) == ("transformer", 6)
    assert (optimisation.learning_rate, optimisation.epochs, optimisation.warmup_share) == (1e-5, 100, 0.05)
    assert 4 <= optimisation.batch_cases // optimisation.accumulation <= optimisation.batch_cases <= 32
    four = (f"{part}_probability" for part in ("noise", "contrast", "affine", "elastic"))
    assert {getattr(augmentation, name) for name in four} == {0.15}
    others = ("flip", "intensity", "erase", "border", "corner")
    assert {getattr(augmentation, f"{part}_probability") for part in others} == {0}
    assert (optimisation.ema_decay, optimisation.prior_bias, optimisation.loss.kind) == (0, False, "bce")
    assert (optimisation.mixup_alpha, optimisation.case_mixing, optimisation.repeat_threshold) == (0, 0, 0)
    assert config.data.label_level == "icd10cm"


def test_the_released_recipe_is_the_released_network_and_preparation() -> None:
    config = read_config(find_recipe("released"), ['data.cases=["cases.jsonl"]'])
    assert replace(config.network, classes=5569) == released_network_config(5569)
    # The released arrays are windowed already.
    assert replace(config.preparation, windowing="window") == released_preparation_config()
    assert (config.optimisation.case_mixing, config.optimisation.loss.key_slice_weight) == (0.3, 0.001)
    assert config.optimisation.weight_decay == 0.0


@pytest.mark.parametrize(
    "text, message",
    [
        ('[optimisation.loss]\nkind = "asymetric"\n', r"optimisation\.loss\.kind: 'asymetric' is not one of 'bce'"),
        ("[optimisation.loss]\ngama_negative = 2.0\n", "did you mean 'gamma_negative'"),
        ("[optimisation.loss]\nmargin = 1.0\n", "margin must be"),
        ("[optimisation.loss]\nkey_slice_weight = 0.001\n", "key_slice_weight is for the slice_attention"),
        ("[optimisation]\nrepeat_threshold = -1\n", "repeat_threshold must not be negative"),
        ('[data]\nlabel_level = "icd10"\n', r"data\.label_level: 'icd10' is not one of 'disorder', 'icd10cm'"),
        ('[network]\ntokens_per_scan = 4\n[network.fusion]\nkind = "max"\n', "tokens_per_scan is for"),
        ("[network]\ntokens_per_scan = 0\n", "tokens_per_scan is 0"),
    ],
)
def test_a_switch_that_is_not_there_or_does_not_fit_is_named(tmp_path: Path, text: str, message: str) -> None:
    whole = text.replace("[data]\n", MINIMAL) if text.startswith("[data]") else MINIMAL + text
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(recipe(tmp_path, whole))
    assert "\n" not in str(caught.value)
