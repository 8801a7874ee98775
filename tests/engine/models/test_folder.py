"""A model folder is loaded if card and weights are whole and belong together, and written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from raddiag_engine.errors import ModelError
from raddiag_engine.models import folder as folder_module
from raddiag_engine.models.card import Calibration, Disorder, OperatingPoint
from raddiag_engine.models.folder import load_model, save_model
from raddiag_engine.models.verification import verify_model
from raddiag_engine.network.config import HeadConfig, NetworkConfig, SliceAttentionConfig, ViTConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from tests.engine.models.small_model import SMALL_NETWORK, save_small_model, small_card, small_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_small_model(tmp_path / "model")
    return tmp_path / "model"


def _edit_card(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / "card.json").read_text())
    edit(card)
    (folder / "card.json").write_text(json.dumps(card))


def _rehash(folder: Path) -> None:
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    _edit_card(folder, lambda card: card.update(weights_sha256=digest))


def _one_line(error: pytest.ExceptionInfo[ModelError], *words: str) -> None:
    text = str(error.value)
    assert "\n" not in text
    for word in words:
        assert word in text


def test_a_loaded_model_computes_what_the_saved_one_did(folder: Path) -> None:
    network, model = small_network(), load_model(folder)
    scan = NetworkScan(torch.rand(64, 64), False, 2)
    with torch.inference_mode():
        expected = network(pack([[scan]], SMALL_NETWORK))
        assert torch.equal(model.network(pack([[scan]], SMALL_NETWORK)), expected)
    assert not model.network.training
    assert replace(model.card, weights_sha256="") == small_card()


def test_further_tensors_are_kept_apart_from_the_network(folder: Path) -> None:
    model = load_model(folder)
    assert list(model.extra) == ["input_score.mean"]
    assert torch.equal(model.extra["input_score.mean"], torch.arange(4.0))
    stored = load_file(folder / "model.safetensors")
    assert all(name.startswith("network.") for name in stored if name != "input_score.mean")


def test_the_card_holds_the_hash_of_the_weights_file(folder: Path) -> None:
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert json.loads((folder / "card.json").read_text())["weights_sha256"] == digest


def test_half_precision_is_on_disk_only_and_keeps_what_does_not_fit(tmp_path: Path) -> None:
    network = small_network()
    name = next(n for n in network.state_dict() if n.endswith("running_var"))
    network.state_dict()[name][0] = 1e6
    save_model(tmp_path / "m", small_card(), network, {"input_score.mean": torch.tensor([1e-9])}, half=True)
    stored = load_file(tmp_path / "m" / "model.safetensors")
    weight = (
        "network.head.weight" if "network.head.weight" in stored else next(n for n in stored if n.endswith("weight"))
    )
    assert stored[weight].dtype == torch.float16
    assert stored[f"network.{name}"].dtype == torch.float32
    model = load_model(tmp_path / "m")
    expected = network.state_dict()[weight.removeprefix("network.")].numpy().astype(np.float16).astype(np.float32)
    loaded = model.network.state_dict()
    assert loaded[weight.removeprefix("network.")].dtype == torch.float32
    np.testing.assert_array_equal(loaded[weight.removeprefix("network.")].numpy(), expected)
    assert loaded[name][0] == 1e6
    assert model.extra["input_score.mean"].item() == np.float32(1e-9)


@pytest.mark.parametrize(
    "config",
    [
        replace(SMALL_NETWORK, head=HeadConfig("knowledge", text_width=5)),
        NetworkConfig(
            encoder="vit", embedding_width=32, classes=3,
            vit=ViTConfig(layers=1, heads=2, image_size_px=64, volume_size_px=64),
        ),
        NetworkConfig(
            encoder="slice_attention", embedding_width=128, classes=3, input_channels=3,
            slice_attention=SliceAttentionConfig(width=4, blocks=(1, 1, 1, 1), max_slices=4),
        ),
    ],
    ids=lambda config: f"{config.encoder}-{config.head.kind}",
)  # fmt: skip
def test_every_kind_of_network_comes_back_whole(tmp_path: Path, config: NetworkConfig) -> None:
    network = RadDiag(config)
    if config.head.kind == "knowledge":
        network.set_text_embeddings(torch.nn.functional.normalize(torch.rand(3, 5), dim=1))
    save_model(tmp_path / "m", replace(small_card(), network=config), network)
    loaded = load_model(tmp_path / "m").network.state_dict()
    assert loaded.keys() == network.state_dict().keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("name", ["card.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError) as error:
        load_model(folder)
    _one_line(error, str(folder / name), "missing")


def test_one_changed_byte_is_noticed(folder: Path) -> None:
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError) as error:
        load_model(folder)
    _one_line(error, "model.safetensors", "SHA-256")


@pytest.mark.parametrize("kept", [0, 7, 1000])
def test_truncated_weights_are_damaged_even_if_the_hash_fits(folder: Path, kept: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    _rehash(folder)
    with pytest.raises(ModelError) as error:
        load_model(folder)
    _one_line(error, "model.safetensors", "damaged")


def test_a_pickle_named_safetensors_is_damaged(folder: Path) -> None:
    torch.save({"network.w": torch.ones(2)}, folder / "model.safetensors")
    _rehash(folder)
    with pytest.raises(ModelError, match="damaged"):
        load_model(folder)


def test_more_disorders_than_the_weights_have_are_refused(tmp_path: Path) -> None:
    card = small_card()
    save_model(tmp_path / "m", card, small_network())
    more = replace(card, disorders=(*card.disorders, Disorder("Stroke")), network=replace(card.network, classes=4))
    digest = hashlib.sha256((tmp_path / "m/model.safetensors").read_bytes()).hexdigest()
    (tmp_path / "m/card.json").write_text(replace(more, weights_sha256=digest).to_json())
    with pytest.raises(ModelError) as error:
        load_model(tmp_path / "m")
    _one_line(error, "4 disorders", "different models")


def test_a_card_that_lists_fewer_disorders_than_its_network_is_refused(folder: Path) -> None:
    _edit_card(folder, lambda card: card["disorders"].pop())
    with pytest.raises(ModelError) as error:
        load_model(folder)
    _one_line(error, "2 disorders", "3 classes")


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    _edit_card(folder, lambda card: card["network"]["fusion"].update(layers=2))
    with pytest.raises(ModelError) as error:
        load_model(folder)
    _one_line(error, "model.safetensors", "missing", "more differ")


def test_a_tensor_that_the_network_does_not_have_is_named(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file({**tensors, "network.backdoor": torch.ones(1)}, folder / "model.safetensors")
    _rehash(folder)
    with pytest.raises(ModelError, match="'backdoor' is not part of it"):
        load_model(folder)


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda card: card.update(schema=2), "schema 1"),
        (lambda card: card.pop("schema"), "schema 1"),
        (lambda card: card.update(discription="x"), "description"),
        (lambda card: card["network"].update(encoder="alexnet"), "alexnet"),
        (lambda card: card["disorders"][1].update(name="Normal"), "same name"),
        (lambda card: card["network"]["fusion"].update(heads=5), "does not divide"),
        (lambda card: card["network"]["resnet"].update(shared_width=0), "shared_width"),
        (lambda card: card["preparation"]["modality_ids"].pop("unknown"), "'unknown'"),
        (lambda card: card["preparation"]["modality_ids"].update(CT=[10]), "ids end at 9"),
        (lambda card: card.update(max_scans=0), "max_scans"),
    ],
)
def test_a_card_of_another_schema_or_with_nonsense_is_refused(
    folder: Path, edit: Callable[[dict[str, Any]], object], word: str
) -> None:
    _edit_card(folder, edit)
    with pytest.raises(ModelError) as error:
        load_model(folder)
    _one_line(error, "card.json", word)


def test_a_card_that_is_not_json_is_refused(folder: Path) -> None:
    (folder / "card.json").write_bytes(b"\x80{")
    with pytest.raises(ModelError, match="JSON"):
        load_model(folder)


def test_weights_that_are_not_finite_do_not_verify(tmp_path: Path) -> None:
    network = small_network()
    next(iter(network.parameters())).data.view(-1)[0] = float("nan")
    save_model(tmp_path / "m", small_card(), network)
    with pytest.raises(ModelError, match="not finite"):
        verify_model(tmp_path / "m")


def test_a_sound_model_verifies(folder: Path) -> None:
    verified = verify_model(folder)
    assert verified.parameters == sum(p.numel() for p in small_network().parameters())
    assert verified.tensors == len(small_network().state_dict()) + 1


def test_a_model_replaces_an_older_model(folder: Path) -> None:
    other = replace(small_card(), name="newer")
    save_model(folder, other, small_network())
    assert load_model(folder).card.name == "newer"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    with pytest.raises(ModelError) as error:
        save_small_model(tmp_path / "thesis")
    _one_line(error, "thesis", "chapter1.tex")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter1.tex"]


def test_a_full_disk_leaves_the_older_model_and_nothing_half_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "card.json").read_bytes()

    def fail(tensors: object, path: Path) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder_module, "save_file", fail)
    with pytest.raises(ModelError) as error:
        save_small_model(folder)
    _one_line(error, str(folder), "No space left")
    assert (folder / "card.json").read_bytes() == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]


def test_the_networks_prefix_is_not_free_for_further_tensors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="network's own"):
        save_model(tmp_path / "m", small_card(), small_network(), {"network.x": torch.ones(1)})


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("operating_point", "threshold"), float("nan"), "threshold is nan"),
        (("operating_point", "threshold"), 5.0, "threshold is 5.0"),
        (("operating_point", "positives"), -5, "positives is -5"),
        (("calibration", "slope"), float("inf"), "must be finite"),
        (("name",), "Glioma\n\x1b[2J", "control characters"),
    ],
)
def test_a_card_of_impossible_numbers_is_refused(
    tmp_path: Path, where: tuple[str, ...], value: object, message: str
) -> None:
    network = RadDiag(SMALL_NETWORK)
    disorders = tuple(
        replace(d, operating_point=OperatingPoint(0.5, 0.9, 0.9, 12), calibration=Calibration(1.0, 0.0))
        for d in small_card().disorders
    )
    save_model(tmp_path / "m", replace(small_card(), network=network.config, disorders=disorders), network)
    path = tmp_path / "m" / "card.json"
    card = json.loads(path.read_text())
    entry = card["disorders"][0]
    for key in where[:-1]:
        entry = entry[key]
    entry[where[-1]] = value
    path.write_text(json.dumps(card))
    with pytest.raises(ModelError, match=message):
        load_model(tmp_path / "m")
