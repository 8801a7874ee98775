"""Whole runs of a few steps with the switches beyond the paper on: what is learned, and what the model folder holds."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.folder import load_model
from raddiag_engine.network.config import FusionConfig, HeadConfig, NetworkConfig, ResNetConfig
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.records import CaseRecord, read_records, write_records
from raddiag_train.training.checkpoint import checkpoints
from raddiag_train.training.classifier_cut import without_auxiliary_classes
from raddiag_train.training.config import read_config
from raddiag_train.training.logit_adjustment import with_adjusted_bias
from raddiag_train.training.loop import train
from tests.train.training.blob_cases import write_blob_cases, write_recipe

BRAIN = "Malignant neoplasm of brain"
LABELS = [("Glioma", "C71.9"), ("Meningioma", "D32.9"), ("Ependymoma", "C71.5"), ("Normal", "")]
SWITCHES = [
    "optimisation.steps=3",
    "data.icd10cm_ancestors=true",
    "network.tokens_per_scan=4",
    "optimisation.repeat_threshold=0.5",
    "optimisation.case_mixing=0.3",
    "optimisation.mask_unlabelled_sources=true",
    "optimisation.loss.kind=asymmetric",
    "optimisation.loss.logit_adjustment=0.5",
    "run.validation_steps=1000",
]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Blobs under four names, two of which are of one ICD-10-CM category, with a key slice in every volume."""
    folder = tmp_path_factory.mktemp("switches")
    cases = write_blob_cases(folder)
    write_records(cases, [_relabelled(record, *LABELS[n % 4]) for n, record in enumerate(read_records(cases))])
    return write_recipe(folder)


def _relabelled(record: CaseRecord, name: str, code: str) -> CaseRecord:
    scans = tuple(replace(scan, key_slice=4 if scan.path.suffix == ".gz" else None) for scan in record.scans)
    return replace(record, disorders=(name,), icd10cm=(code,), scans=scans)


def first_loss(folder: Path) -> float:
    return float(json.loads((folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()[0])["loss"])


def test_ancestors_are_learned_and_the_model_has_the_disorders_alone(recipe: Path, tmp_path: Path) -> None:
    assert train(read_config(recipe, SWITCHES), tmp_path / "run")
    trained = load_file(checkpoints(tmp_path / "run" / "checkpoints")[-1])
    model = load_model(tmp_path / "run" / "model")
    assert len(trained["network.head.linear.weight"]) == 5
    assert len(model.network.head.linear.weight) == 4
    torch.testing.assert_close(model.network.head.linear.weight, trained["average.head.linear.weight"][:4])
    assert {disorder.name for disorder in model.card.disorders} == {name for name, _ in LABELS}
    assert model.card.network.tokens_per_scan == 4
    assert np.isfinite(model.card.evaluation["validation, blobs: macro AUC"])


def test_published_logits_are_those_that_the_loss_was_taken_of(recipe: Path, tmp_path: Path) -> None:
    settings = ["optimisation.steps=2", "run.validation_steps=1000", "optimisation.loss.logit_adjustment=1"]
    assert train(read_config(recipe, settings), tmp_path / "run")
    average = load_file(checkpoints(tmp_path / "run" / "checkpoints")[-1])["average.head.linear.bias"]
    published = load_model(tmp_path / "run" / "model").network.head.linear.bias
    # Each name has 12 of the 48 training cases.
    torch.testing.assert_close(published.detach() - average, torch.full((4,), math.log(13 / 37)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["linear", "mlp", "dot", "cosine"])
def test_the_adjustment_goes_into_the_bias_of_every_head(kind: str) -> None:
    knowledge = kind in ("dot", "cosine")
    head = HeadConfig("knowledge", text_width=6, similarity=kind) if knowledge else HeadConfig(kind)
    narrow = ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=4)
    fusion = FusionConfig(layers=1, heads=2)
    network = RadDiag(NetworkConfig(embedding_width=32, classes=7, resnet=narrow, fusion=fusion, head=head)).eval()
    if knowledge:
        network.set_text_embeddings(torch.randn(7, 6))
    fused, adjustment = torch.randn(3, 32), torch.randn(7)
    before = network.classify(fused)
    adjusted = with_adjusted_bias(network, adjustment)
    torch.testing.assert_close(adjusted.classify(fused), before + adjustment)
    torch.testing.assert_close(network.classify(fused), before)
    RadDiag(adjusted.config).load_state_dict(adjusted.state_dict())  # as a model folder is read


@pytest.mark.parametrize("kind", ["linear", "mlp", "knowledge"])
def test_a_classifier_cut_short_gives_the_same_logits(kind: str) -> None:
    narrow = ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=4, shared_width=4)
    head = HeadConfig(kind=kind, text_width=6, similarity="cosine")
    network = RadDiag(
        NetworkConfig(embedding_width=32, classes=7, resnet=narrow, fusion=FusionConfig(layers=1, heads=2), head=head)
    )
    if kind == "knowledge":
        network.set_text_embeddings(torch.randn(7, 6))
    cut = without_auxiliary_classes(network, 5)
    fused = torch.randn(3, 32)
    torch.testing.assert_close(cut.classify(fused), network.classify(fused)[:, :5])
    assert without_auxiliary_classes(network, 7) is network


def test_categories_are_learned_and_named_as_icd_10_cm_names_them(recipe: Path, tmp_path: Path) -> None:
    settings = ["data.label_level=icd10cm", "optimisation.steps=2", "run.validation_steps=1000"]
    assert train(read_config(recipe, settings), tmp_path / "run")
    card = load_model(tmp_path / "run" / "model").card
    found = {disorder.name: (disorder.icd10cm, disorder.training_positives) for disorder in card.disorders}
    assert found == {BRAIN: (("C71",), 24), "Benign neoplasm of meninges": (("D32",), 12), "Normal": ((), 12)}


SLICES = [
    "network.encoder=slice_attention",
    "network.embedding_width=64",
    "network.slice_attention.width=2",
    "network.slice_attention.blocks=[1, 1, 1, 1]",
    "preparation.depth_rule=subsample",
    "optimisation.mixup_alpha=0",
    "optimisation.steps=1",
    "run.validation_steps=1000",
]


def test_the_key_slice_loss_is_added_with_its_weight(recipe: Path, tmp_path: Path) -> None:
    losses = []
    for weight in (0.0, 1.0, 2.0):
        settings = [*SLICES, f"optimisation.loss.key_slice_weight={weight}"]
        train(read_config(recipe, settings), tmp_path / str(weight))
        losses.append(first_loss(tmp_path / str(weight)))
    assert losses[1] - losses[0] > 0.1
    assert losses[2] - losses[1] == pytest.approx(losses[1] - losses[0], rel=1e-4)


def test_a_key_slice_loss_without_key_slices_is_refused(tmp_path: Path) -> None:
    write_blob_cases(tmp_path, train=16, validation=16)
    settings = [*SLICES, "optimisation.loss.key_slice_weight=0.001"]
    with pytest.raises(ConfigError, match="no training case has a key slice"):
        train(read_config(write_recipe(tmp_path), settings), tmp_path / "run")
