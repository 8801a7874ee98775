"""Figures: what is stored is read, each becomes a picture, and what cannot be drawn is said."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Disorder
from raddiag_train.commands import figures as command
from raddiag_train.evaluation.figures import draw_figures, figure_data
from raddiag_train.evaluation.stored_predictions import StoredPredictions, read_predictions, write_predictions
from raddiag_train.evaluation.tier_results import tier_results


def stored() -> StoredPredictions:
    generator = np.random.default_rng(0)
    targets = generator.random((120, 4)) < [0.4, 0.3, 0.1, 0.0]
    logits = (generator.normal(size=(120, 4)) + 2 * targets).astype(np.float32)
    return StoredPredictions(
        model="made up",
        case_ids=np.array([f"case-{n}" for n in range(120)]),
        sources=np.array(["a"] * 120),
        anatomies=np.array(["chest", "spine"] * 60),
        names=np.array(["Normal", "Glioma", "Abscess", "Never"]),
        tiers=np.array(["head", "head", "tail", "tail"]),
        normal=np.array([True, False, False, False]),
        calibrated=np.array([False, True, False, False]),
        probabilities_NK=1 / (1 + np.exp(1 - logits)),
        logits_NK=logits,
        targets_NK=targets,
    )


def figures(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["figures", *map(str, arguments)])
    return int(parsed.run(parsed))


def inked(path: Path) -> float:
    """Share of the picture that is not white."""
    with Image.open(path) as picture:
        return float((np.asarray(picture.convert("L")) < 250).mean())


def test_what_is_stored_is_read(tmp_path: Path) -> None:
    before = stored()
    write_predictions(tmp_path / "predictions.npz", before)
    after = read_predictions(tmp_path)
    for name, value in vars(before).items():
        np.testing.assert_array_equal(getattr(after, name), value)
    assert after.groups()["head"].tolist() == [1]


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"predictions\.npz: no such file"):
        read_predictions(tmp_path)
    write_predictions(tmp_path / "predictions.npz", stored())
    whole = (tmp_path / "predictions.npz").read_bytes()
    (tmp_path / "predictions.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match="holds no predictions"):
        read_predictions(tmp_path)


def test_every_figure_of_an_evaluation_is_drawn(tmp_path: Path) -> None:
    data = stored()
    disorders = [
        Disorder(str(name), tier=str(tier), normal=bool(normal))  # type: ignore[arg-type]
        for name, tier, normal in zip(data.names, data.tiers, data.normal, strict=True)
    ]
    bands = tier_results(disorders, data.probabilities_NK, data.targets_NK, resamples=30).bands
    found = figure_data(data, data.groups())
    assert [list(curves) for _, curves in found.reliability] == [["uncalibrated", "calibrated"], ["uncalibrated"]]
    paths = draw_figures(tmp_path, found, bands, "made up")
    assert [path.name for path in paths] == ["roc_bands.png", "reliability.png", "score_distributions.png"]
    assert all(0.01 < inked(path) < 0.7 for path in paths)


@pytest.mark.parametrize("kind", ["roc", "reliability", "scores"])
def test_chosen_disorders_are_drawn_from_what_was_stored(kind: str, tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.npz", stored())
    assert figures(kind, tmp_path, "--disorder", "Glioma", "Abscess", "--output", tmp_path / "f.png") == 0
    assert inked(tmp_path / "f.png") > 0.01


def test_a_disorder_that_cannot_be_drawn_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    write_predictions(tmp_path / "predictions.npz", stored())
    for name, said in (("Gliom", "did you mean 'Glioma'"), ("Never", "'Never' has 0 positive and 120 negative")):
        with pytest.raises(ConfigError, match=said):
            figures("roc", tmp_path, "--disorder", name, "--output", tmp_path / "f.png")
    assert not (tmp_path / "f.png").exists()
