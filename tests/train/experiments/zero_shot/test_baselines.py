"""RadIN and BiomedCLIP from files of their published layouts, small and made up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ModelError, ReadError
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.experiments.zero_shot import radin
from raddiag_train.experiments.zero_shot.bert import Bert
from raddiag_train.experiments.zero_shot.biomedclip import (
    BiomedClip,
    biomedclip_answers,
    load_biomedclip,
    text_of,
    weights_key,
)
from raddiag_train.experiments.zero_shot.label_mapping import Label, map_labels
from raddiag_train.experiments.zero_shot.radin import RadIN, load_radin, radin_answers
from raddiag_train.experiments.zero_shot.vision_transformer import VisionTransformer

CLASSES = ("brain, glioma", "Normal", "knee, effusion")
WORDS = "this is a photo of normal without abnormality mri glioma"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS.split()]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def records(tmp_path: Path) -> list[CaseRecord]:
    """Five images of one label each."""
    made = []
    for number in range(5):
        pixels = np.random.default_rng(number).integers(0, 255, (40, 40), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        scans = (ScanRecord(tmp_path / f"{number}.png", Modality.MRI),)
        name = "Glioma" if number % 2 else "Normal"
        made.append(CaseRecord(f"case-{number}", "", Anatomy.HEAD_AND_NECK, "test", scans, (name,)))
    return made


def write_radin(folder: Path, rename: dict[str, str], classifier: str = "fc") -> tuple[RadIN, Path, Path]:
    network = RadIN(len(CLASSES), width=4).eval()
    state = {}
    for name, tensor in network.state_dict().items():
        part, _, rest = name.removeprefix("encoder.").partition(".")
        state[f"{classifier}.{rest}" if part == "fc" else f"{rename.get(part, part)}.{rest}"] = tensor.contiguous()
    save_file(state, folder / "radin.safetensors")
    (folder / "names.json").write_text(json.dumps({name: k for k, name in enumerate(CLASSES)}), encoding="utf-8")
    return network, folder / "radin.safetensors", folder / "names.json"


@pytest.mark.parametrize("authors", [False, True], ids=["torchvision's names", "the authors' names"])
def test_radin_is_read_from_both_layouts(tmp_path: Path, authors: bool) -> None:
    numbered = {"conv1": "0", "bn1": "1", "layer1": "4", "layer2": "5", "layer3": "6", "layer4": "7"}
    rename = {part: f"backbone.{number}" for part, number in numbered.items()} if authors else {}
    expected, weights, names = write_radin(tmp_path, rename, "classifier.linear" if authors else "fc")
    network, disorders = load_radin(weights, names)
    assert [disorder.name for disorder in disorders] == list(CLASSES)
    assert disorders[1].normal
    pictures = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(network(pictures), expected(pictures))


def test_radin_without_classifier_or_with_other_classes_is_refused(tmp_path: Path) -> None:
    _, weights, names = write_radin(tmp_path, {}, "unknown")
    with pytest.raises(ModelError, match="holds no classifier"):
        load_radin(weights, names)
    _, weights, names = write_radin(tmp_path, {})
    names.write_text(json.dumps({"one": 0}), encoding="utf-8")
    with pytest.raises(ModelError, match="has 3 classes"):
        load_radin(weights, names)


def test_radin_calls_a_label_where_its_class_is_the_most_probable(
    tmp_path: Path, records: list[CaseRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(radin, "SIZE_PX", 64)
    _, weights, names = write_radin(tmp_path, {})
    network, disorders = load_radin(weights, names)
    torch.nn.init.normal_(network.fc.weight, std=1e-3)  # so that no class is certain
    given = {"Glioma": ["brain, glioma"]}
    mapped = map_labels([Label("Glioma"), Label("Normal"), Label("Cyst")], disorders, ("name",), given=given)
    answers = radin_answers(network, disorders, records, mapped, "cpu")
    assert answers.scores_NL.shape == (5, 3)
    assert ((answers.scores_NL[:, 0] > 0) & (answers.scores_NL.sum(1) < 0.999)).all()
    assert not answers.called_NL[:, 2].any()
    most = answers.scores_NL[:, 0] > np.maximum(answers.scores_NL[:, 1], 1 - answers.scores_NL[:, :2].sum(1))
    assert answers.called_NL[:, 0].tolist() == most.tolist()


def write_biomedclip(folder: Path) -> BiomedClip:
    network = BiomedClip(
        VisionTransformer(64, 2, 1, patch_px=8, size_px=32), Bert(len(VOCABULARY), 64, 2, 1, 32), width=64, space=16
    ).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(0, 0.2)
    state = {**network.state_dict(), "text.transformer.embeddings.position_ids": torch.arange(32)[None]}
    torch.save(state, folder / "open_clip_pytorch_model.bin")
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    return network


def test_biomedclip_is_read_from_its_pickled_file_in_the_sizes_it_has(tmp_path: Path) -> None:
    expected = write_biomedclip(tmp_path)
    network, pieces = load_biomedclip(str(tmp_path))
    pictures = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(network.visual(pictures), expected.visual(pictures))
    ids, mask = pieces.encode(["this is a photo of glioma"], 16)
    torch.testing.assert_close(network.text(ids, mask), expected.text(ids, mask))
    assert weights_key(network) == weights_key(expected)


def test_biomedclip_ranks_labels_by_cosine(tmp_path: Path, records: list[CaseRecord]) -> None:
    write_biomedclip(tmp_path)
    network, pieces = load_biomedclip(str(tmp_path))
    labels = (Label("Glioma"), Label("Normal"))
    answers = biomedclip_answers(network, pieces, records, labels, "cpu")
    np.testing.assert_allclose(answers.scores_NL.sum(1), 1)
    assert answers.called_NL.sum(1).tolist() == [1] * 5
    assert text_of(labels[1], records) == "this is a photo of a normal MRI without abnormality"


def test_biomedclip_with_several_labels_a_case_is_called_against_normal(
    tmp_path: Path, records: list[CaseRecord]
) -> None:
    write_biomedclip(tmp_path)
    network, pieces = load_biomedclip(str(tmp_path))
    several = [*records[1:], CaseRecord("two", "", Anatomy.CHEST, "test", records[0].scans, ("Glioma", "Cyst"))]
    answers = biomedclip_answers(network, pieces, several, (Label("Glioma"), Label("Cyst"), Label("Normal")), "cpu")
    called = answers.called_NL
    assert (called[:, 2] == ~called[:, :2].any(1)).all()
    assert (called[:, :2] == (answers.scores_NL[:, :2] > 0.5)).all()


def test_a_picture_that_the_reader_advises_against_is_set_aside(tmp_path: Path, records: list[CaseRecord]) -> None:
    write_biomedclip(tmp_path)
    network, pieces = load_biomedclip(str(tmp_path))
    labels = (Label("Glioma"), Label("Normal"))
    expected = biomedclip_answers(network, pieces, records, labels, "cpu")
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(tmp_path / "blank.png")
    blank = ScanRecord(tmp_path / "blank.png", Modality.MRI)
    beside = [replace(records[0], scans=(*records[0].scans, blank)), *records[1:]]
    answers = biomedclip_answers(network, pieces, beside, labels, "cpu")
    np.testing.assert_array_equal(answers.scores_NL, expected.scores_NL)
    assert answers.set_aside == (SetAside("case-0", 2, "not usable"),)
    with pytest.raises(ReadError, match="case-0 has no usable scan"):
        biomedclip_answers(network, pieces, [replace(records[0], scans=(blank,))], labels, "cpu")


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    write_biomedclip(tmp_path)
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "open_clip_pytorch_model.bin")
    with pytest.raises(ModelError, match="no weights of BiomedCLIP"):
        load_biomedclip(str(tmp_path))
