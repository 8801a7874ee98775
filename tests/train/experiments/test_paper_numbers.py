"""The paper's tables as data: complete, and the runs they name well defined."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path

import pytest

from raddiag_engine.configuration import from_mapping, to_mapping, with_overrides
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.data.dataset_descriptor import shipped_datasets
from raddiag_train.experiments.base_recipe import BaseRecipe
from raddiag_train.experiments.paper_numbers import FOLDER, PaperRow, paper_table
from raddiag_train.training.config import TrainingConfig, find_recipe
from raddiag_train.training.toml_writer import to_toml

NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
RUN_TABLES = ("table_2", "table_3", "table_4", "table_5", "table_7", "table_8")


def rows(*names: str) -> list[tuple[str, PaperRow, tuple[str, ...]]]:
    return [(name, row, paper_table(name).defaults) for name in names for row in paper_table(name).row]


def test_every_table_is_there() -> None:
    expected = [*RUN_TABLES, "table_6", "fine_tuning_release", "zero_shot"]
    assert sorted(expected) == NAMES
    counts = {name: len(paper_table(name).row) for name in NAMES}
    assert counts["table_2"] == 8
    assert counts["table_3"] == 3
    assert counts["table_4"] == 4
    assert counts["table_5"] == 18
    assert counts["table_7"] == counts["table_8"] == 9
    assert counts["table_6"] == 5 * 9
    assert counts["zero_shot"] == 6 * 4


@pytest.mark.parametrize(
    ("name", "labels", "metric", "value"),
    [
        ("table_2", ("ResNet", "ResNet-34", "ResNet-34"), "recall_at_fpr_0.1", 62.25),
        ("table_3", ("32",), "auc", 88.13),
        ("table_4", ("yes", "ViT"), "mcc", 17.18),
        ("table_5", ("ICD-10-CM", "tail", "✓", "✓"), "f1", 8.69),
        ("table_6", ("ADNI", "30%", "ours"), "auc", 65.77),
        ("table_7", ("ICD-10-CM", "tail", "mean"), "recall_at_fpr_0.05", 20.13),
        ("table_8", ("disorders", "head", "random"), "auc", 91.32),
        ("fine_tuning_release", ("Brain-Tumor", "100%", "ours"), "auc", 93.21),
        ("zero_shot", ("Brain-Tumor", "S.T.", "n=571 (10%)"), "acc", 72.17),
    ],
)
def test_numbers_are_the_papers(name: str, labels: tuple[str, ...], metric: str, value: float) -> None:
    table = paper_table(name)
    [row] = [row for row in table.row if row.labels == labels]
    assert table.numbers(row)[metric] == value


def test_what_the_paper_leaves_blank_is_no_number() -> None:
    table = paper_table("zero_shot")
    [row] = [row for row in table.row if row.labels[:2] == ("TCGA", "RadIN")]
    assert table.numbers(row) == {}


def test_runs_of_one_name_have_the_same_settings() -> None:
    """A row that serves two tables is run once: whichever table comes first must not matter."""
    found: dict[str, str] = {}
    for name, row, defaults in rows(*RUN_TABLES):
        settings = json.dumps(with_overrides({}, [*defaults, *row.overrides]), sort_keys=True)
        assert found.setdefault(row.run, settings) == settings, (name, row.run)
    assert len(set(found.values())) == len(found) - 3  # the runs of both levels differ in their cases alone


def test_augmentation_is_off_where_the_paper_has_none() -> None:
    off = {f"augmentation.{f.name}=0" for f in dataclasses.fields(AugmentationConfig) if f.name.endswith("probability")}
    for name in ("table_2", "table_3", "table_4"):
        assert off <= set(paper_table(name).defaults), name


def test_every_run_can_be_derived() -> None:
    recipe = BaseRecipe(find_recipe("brain_tumor"), ("knowledge.encoder=hashed_ngram",))
    for _, row, defaults in rows(*RUN_TABLES):
        derived = to_toml(to_mapping(recipe.derive(row.overrides, defaults)))
        again = from_mapping(TrainingConfig, tomllib.loads(derived))
        assert again == recipe.derive(row.overrides, defaults)


def test_a_row_wins_over_the_user_and_the_user_over_the_table(tmp_path: Path) -> None:
    table = paper_table("table_3")
    deepest = table.row[-1]
    recipe = BaseRecipe(find_recipe("brain_tumor"), ("preparation.depth=8", "augmentation.noise_probability=0.5"))
    assert recipe.derive(deepest.overrides, table.defaults).preparation.depth == 32
    assert recipe.derive(table.row[0].overrides, table.defaults).preparation.depth == 8
    assert recipe.derive(deepest.overrides, table.defaults).augmentation.noise_probability == 0.5


def test_positions_of_a_vit_cover_what_scans_are_prepared_to() -> None:
    vit = BaseRecipe(find_recipe("brain_tumor")).derive(['network.encoder="vit"']).network.vit
    assert (vit.image_size_px, vit.volume_size_px, vit.volume_depth) == (128, 96, 16)


def test_data_sets_of_the_paper_are_those_that_can_be_imported() -> None:
    named = {
        source
        for name in ("table_6", "fine_tuning_release", "zero_shot")
        for _, row, _ in rows(name)
        for source in row.sources
    }
    assert named - {"brain_tumor_mri"} == set(shipped_datasets())
