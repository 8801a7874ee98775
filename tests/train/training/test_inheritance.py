from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.card import Disorder, ModelCard
from raddiag_engine.models.folder import save_model
from raddiag_engine.network.config import FusionConfig, HeadConfig, NetworkConfig, ResNetConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.training.inheritance import inherit_weights


def small(classes: int, width: int = 16) -> RadDiag:
    resnet = ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=2, shared_width=2)
    return RadDiag(
        NetworkConfig(
            embedding_width=width, classes=classes, resnet=resnet, fusion=FusionConfig(layers=1, heads=2, modalities=10)
        )
    )


@pytest.fixture
def ancestor(tmp_path: Path) -> tuple[Path, RadDiag]:
    torch.manual_seed(1)
    network = small(3)
    disorders = tuple(Disorder(name) for name in ("Glioma", "Pneumonia", "Normal"))
    save_model(tmp_path / "model", ModelCard("small", "", network.config, PreparationConfig(), disorders), network)
    return tmp_path / "model", network


def test_encoder_and_fusion_are_taken_and_the_classifier_goes_by_name(ancestor: tuple[Path, RadDiag]) -> None:
    folder, theirs = ancestor
    torch.manual_seed(2)
    ours = small(4)
    new_row = ours.head.linear.weight[1].clone()
    inherit_weights(ours, ["Normal", "Gallstones", "Glioma", "Pneumonia"], str(folder))
    for name, tensor in theirs.state_dict().items():
        if not name.startswith("head."):
            assert torch.equal(ours.state_dict()[name], tensor), name
    weight, parents = ours.head.linear.weight, theirs.head.linear.weight
    assert (
        torch.equal(weight[0], parents[2]) and torch.equal(weight[2], parents[0]) and torch.equal(weight[3], parents[1])
    )
    assert torch.equal(weight[1], new_row), "a disorder the model does not know keeps its own start"


def test_another_architecture_is_refused_with_the_first_difference(ancestor: tuple[Path, RadDiag]) -> None:
    with pytest.raises(ConfigError, match=r"initial_model.*another encoder or fusion"):
        inherit_weights(small(3, width=32), ["a", "b", "c"], str(ancestor[0]))


def test_of_a_classifier_of_two_layers_the_first_is_taken_whole(tmp_path: Path) -> None:
    def with_mlp(classes: int) -> RadDiag:
        return RadDiag(replace(small(classes).config, head=HeadConfig("mlp")))

    theirs, ours = with_mlp(2), with_mlp(2)
    disorders = (Disorder("Glioma"), Disorder("Normal"))
    save_model(tmp_path / "m", ModelCard("small", "", theirs.config, PreparationConfig(), disorders), theirs)
    inherit_weights(ours, ["Normal", "Glioma"], str(tmp_path / "m"))
    assert torch.equal(ours.head.layers[0].weight, theirs.head.layers[0].weight)
    assert torch.equal(ours.head.layers[2].weight, theirs.head.layers[2].weight.flip(0))


def test_a_knowledge_head_starts_where_a_linear_one_ended(ancestor: tuple[Path, RadDiag]) -> None:
    folder, theirs = ancestor
    torch.manual_seed(3)
    head = HeadConfig("knowledge", text_width=8, disorder_bias=True)
    ours = RadDiag(replace(small(4).config, head=head))
    text_KT = torch.nn.functional.normalize(torch.randn(4, 8), dim=1)
    ours.head.set_text_embeddings(text_KT)
    inherit_weights(ours, ["Normal", "Gallstones", "Glioma", "Pneumonia"], str(folder))
    fused_BC = torch.randn(5, 16)
    expected_BK = theirs.head(fused_BC)[:, [2, 0, 1]]
    torch.testing.assert_close(ours.head(fused_BC)[:, [0, 2, 3]], expected_BK, rtol=0, atol=1e-5)

    midway = ours.head.extended((text_KT[:1] + text_KT[2:3]) / 2)
    weights_KC = midway.text_map(midway.text_embeddings_KT)
    assert torch.cosine_similarity(weights_KC[4], (weights_KC[0] + weights_KC[2]) / 2, dim=0) > 0.8, (
        "a new name between two disorders gets a row between theirs"
    )
