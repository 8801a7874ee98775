"""A recipe with a knowledge head: the names are embedded once, stay frozen, and can be joined by others in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine import Engine
from raddiag_engine.cases import Case
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import ConfigError, ModelError
from raddiag_engine.knowledge.encoder_folder import save_encoder
from raddiag_engine.knowledge.hashed_encoder import HashedEncoder
from raddiag_engine.models.card import Disorder
from raddiag_engine.models.encoder_card import EncoderCard
from raddiag_engine.models.folder import load_model, save_model
from raddiag_engine.network.config import HeadConfig
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.held_out_disorders import without_disorders
from raddiag_train.training.config import read_config
from raddiag_train.training.inheritance import inherit_weights
from raddiag_train.training.initialisation import start_at_prior
from raddiag_train.training.loop import train
from tests.engine.diagnosis.tiny_model import scan, tiny_card
from tests.train.training.blob_cases import write_blob_cases, write_recipe

COSINE = HeadConfig("knowledge", text_width=5, similarity="cosine")


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blobs")
    write_blob_cases(folder)
    torch.manual_seed(3)
    save_encoder(HashedEncoder(buckets=512, width=24), folder / "encoder", {})
    return write_recipe(folder)


def knowledge(recipe: Path, *more: str) -> list[str]:
    return [
        'network.head.kind="knowledge"',
        'network.head.similarity="cosine"',
        f'knowledge.encoder="{recipe.parent / "encoder"}"',
        "optimisation.epochs=8",
        "card.half_precision=true",
        *more,
    ]


@pytest.fixture(scope="module")
def learned(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learned") / "run"
    assert train(read_config(recipe, knowledge(recipe)), folder)
    return folder


def test_it_learns_with_its_text_frozen(learned: Path, recipe: Path) -> None:
    model = load_model(learned / "model")
    [auc] = [v for k, v in model.card.evaluation.items() if k.endswith("macro AUC") and "unknown" not in k]
    assert auc > 0.9
    torch.manual_seed(3)
    encoder = HashedEncoder(buckets=512, width=24)
    expected = encoder.encode([disorder.name for disorder in model.card.disorders])
    stored = model.network.head.text_embeddings_KT
    np.testing.assert_allclose(stored.numpy(), expected, atol=2e-3)  # of half precision
    assert model.card.network.head.text_width == 24
    card = model.card.knowledge_encoder
    assert card is not None and card.stored and card.name == "encoder"


def test_the_model_folder_alone_scores_other_names(learned: Path, recipe: Path, tmp_path: Path) -> None:
    folder = (learned / "model").rename(tmp_path / "elsewhere")
    try:
        engine = Engine.load(folder, device="cpu")
        own = engine.card.disorders[0].name
        engine.set_vocabulary([NamedDisorder(f"{own} {own}"), NamedDisorder("Tuberculosis")])
        engine.set_case(Case((scan("image"),)))
        scores = {score.name: score for score in engine.diagnose().unseen}
        assert scores.keys() == {f"{own} {own}", "Tuberculosis"}
        assert scores[f"{own} {own}"].nearest == own
    finally:
        folder.rename(learned / "model")


def test_a_recipe_without_an_encoder_says_what_to_give(recipe: Path) -> None:
    with pytest.raises(ConfigError, match=r'"knowledge" needs the text of the disorders: give knowledge.encoder'):
        read_config(recipe, ['network.head.kind="knowledge"'])


def test_an_encoder_that_is_not_there_is_named(recipe: Path, tmp_path: Path) -> None:
    config = read_config(recipe, knowledge(recipe, 'knowledge.encoder="nowhere"'))
    with pytest.raises(ModelError, match="nowhere: no knowledge encoder here"):
        train(config, tmp_path / "run")


def test_a_run_goes_on_with_the_same_encoder_only(recipe: Path, tmp_path: Path) -> None:
    short = ("optimisation.steps=2", "run.checkpoint_steps=2", "optimisation.warmup_share=0")
    assert train(read_config(recipe, knowledge(recipe, *short)), tmp_path / "run")
    torch.manual_seed(4)
    save_encoder(HashedEncoder(buckets=512, width=24), tmp_path / "other", {})
    config = read_config(recipe, knowledge(recipe, *short, f'knowledge.encoder="{tmp_path / "other"}"'))
    with pytest.raises(ModelError, match="from a run with other data, labels or settings"):
        train(config, tmp_path / "run", resume=True)


def test_cases_with_a_held_out_disorder_are_not_learned_from(recipe: Path) -> None:
    from raddiag_train.data.records import read_records

    records = read_records(recipe.parent / "cases.jsonl")
    name = next(name for record in records for name in record.disorders if name != "Normal")
    kept = without_disorders(records, [name], ("train", "validation"))
    assert 0 < len(kept) < len(records)
    assert not any(name in record.disorders for record in kept if record.split in ("train", "validation"))
    assert [r for r in kept if r.split == "test"] == [r for r in records if r.split == "test"]
    with pytest.raises(ConfigError, match=f"no case has '{name}x'; did you mean '{name}'"):
        without_disorders(records, [f"{name}x"], ("train",))
    with pytest.raises(ConfigError, match="Normal is no disorder"):
        without_disorders(records, ["Normal"], ("train",))


def small(names: tuple[str, ...], head: HeadConfig, seed: int) -> RadDiag:
    torch.manual_seed(seed)
    network = RadDiag(replace(tiny_card().network, classes=len(names), head=head))
    if head.kind == "knowledge":
        network.set_text_embeddings(torch.randn(len(names), 5))
        torch.nn.init.normal_(network.head.bias_K)
    return network


@pytest.mark.parametrize(("sha256", "is_taken"), [("a", True), ("b", False)])
def test_the_map_from_text_is_inherited_if_the_encoder_is_the_same(tmp_path: Path, sha256: str, is_taken: bool) -> None:
    theirs = small(("Glioma", "Pneumonia"), COSINE, seed=1)
    card = replace(
        tiny_card(disorders=(Disorder("Glioma"), Disorder("Pneumonia"))),
        network=theirs.config,
        knowledge_encoder=EncoderCard("e", "hashed_ngram", "a"),
    )
    save_model(tmp_path / "m", card, theirs)
    ours = small(("Gallstones", "Pneumonia"), COSINE, seed=2)
    text, bias = ours.head.text_embeddings_KT.clone(), ours.head.bias_K.detach().clone()
    inherit_weights(ours, ["Gallstones", "Pneumonia"], str(tmp_path / "m"), encoder_sha256=sha256)
    assert torch.equal(ours.fusion.cls_token, theirs.fusion.cls_token)
    assert torch.equal(ours.head.text_embeddings_KT, text)
    assert torch.equal(ours.head.text_map.weight, theirs.head.text_map.weight) is is_taken
    assert torch.equal(ours.head.bias_K[0], bias[0])
    assert torch.equal(ours.head.bias_K[1], theirs.head.bias_K[1]) is is_taken


def test_a_linear_head_gives_way_to_text_and_the_other_way_round(tmp_path: Path) -> None:
    names = ("Glioma", "Pneumonia")
    for theirs_head, ours_head in ((HeadConfig(), COSINE), (COSINE, HeadConfig())):
        theirs, ours = small(names, theirs_head, seed=1), small(names, ours_head, seed=2)
        card = replace(tiny_card(disorders=tuple(map(Disorder, names))), network=theirs.config)
        save_model(tmp_path / "m", card, theirs)
        before = {name: tensor.clone() for name, tensor in ours.head.state_dict().items()}
        inherit_weights(ours, names, str(tmp_path / "m"))
        assert torch.equal(ours.fusion.cls_token, theirs.fusion.cls_token)
        assert all(torch.equal(before[name], tensor) for name, tensor in ours.head.state_dict().items())


def test_the_prior_goes_to_the_bias_of_the_disorders_and_nowhere_without_one() -> None:
    log_odds_K = torch.tensor([-2.0, -5.0])
    network = small(("Glioma", "Pneumonia"), COSINE, seed=1)
    start_at_prior(network, log_odds_K)
    assert torch.equal(network.head.bias_K.detach(), log_odds_K)
    plain = RadDiag(replace(network.config, head=HeadConfig("knowledge", 5)))
    before = plain.head.text_map.bias.detach().clone()
    start_at_prior(plain, log_odds_K)
    assert torch.equal(plain.head.text_map.bias, before)
