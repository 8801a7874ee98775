"""The authors' file, imported as a user imports it, computes what the authors' code computes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.errors import ConfigError, ModelError, RaddiagError
from raddiag_engine.models.card import read_card
from raddiag_engine.models.folder import Model, load_model
from raddiag_engine.models.released import import_released, released_card, tier_of
from raddiag_engine.network.packing import NetworkScan, pack
from tests.engine.models.conftest import RELEASED, ImportedRelease, ReleasedFiles
from tests.engine.network.released import fill

TOLERANCE = 2e-5

pytestmark = pytest.mark.timeout(1800)  # the checkpoint is as large as the real one


@pytest.fixture(scope="module")
def model(imported: ImportedRelease) -> Model:
    return load_model(imported.folder)


def _scans(case: str) -> list[NetworkScan]:
    """The scans of a golden case, slices first, without the padding that the authors' code adds."""
    return [
        NetworkScan(torch.from_numpy(fill.voxels(scan)).permute(2, 0, 1).contiguous(), scan[1] > 3, scan[0])
        for scan in fill.CASES[case]
    ]


@pytest.mark.parametrize("case", fill.CASES)
def test_the_imported_network_agrees_with_the_published_code(model: Model, case: str) -> None:
    golden = np.load(RELEASED / "golden.npz")
    attended: list[tuple[Tensor, Tensor]] = []
    hook = model.network.encoder.attention.register_forward_pre_hook(lambda _, inputs: attended.append(inputs))
    with torch.inference_mode():
        batch = pack([_scans(case)], model.card.network)
        embeddings_BSC = model.network.encode(batch)
        hook.remove()
        fused_BC = model.network.fuse(embeddings_BSC, batch.modality_ids_BS, batch.mask_BS)
        logits_BK = model.network.diagnose(embeddings_BSC, batch.modality_ids_BS, batch.mask_BS)
        attention_NL = _slice_attention(model, *attended[0])
    np.testing.assert_allclose(embeddings_BSC[0], golden[f"{case}/scan_embeddings"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(fused_BC[0], golden[f"{case}/fused"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(logits_BK[0], golden[f"{case}/logits"], atol=TOLERANCE, rtol=0)
    np.testing.assert_allclose(attention_NL, golden[f"{case}/slice_attention"], atol=TOLERANCE, rtol=0)


def _slice_attention(model: Model, features_NLC: Tensor, mask_NL: Tensor) -> Tensor:
    """What the golden file holds: softmax of the scores from cls, under the slice mask, padded to 32 slices."""
    scores_N1L = model.network.encoder.attention.scores(features_NLC)
    attention_NL = scores_N1L.masked_fill(F.pad(~mask_NL, (1, 0)), -1e9).softmax(1)[:, 1:]
    return F.pad(attention_NL, (0, fill.DEPTH - attention_NL.shape[1]))


def test_the_card_tells_the_released_preparation(imported: ImportedRelease) -> None:
    card = read_card(imported.folder / "card.json")
    assert card == imported.card
    preparation = card.preparation
    assert (preparation.image_size_px, preparation.volume_size_px, preparation.depth) == (256, 256, 32)
    assert (preparation.image_slices, preparation.quantise_8bit, preparation.range_over) == (3, True, "case")
    assert preparation.modality_ids["CT"] == (1, 2, 3)
    assert preparation.modality_ids["barium enema"] == (15,)
    assert set(preparation.modality_ids) == set(Modality)
    assert card.max_scans == 4
    assert card.name == "raddiag-5569"


def test_the_card_covers_all_nine_modalities_everywhere_and_no_unknown_one(imported: ImportedRelease) -> None:
    covered = {m for m in Modality if any(entry.covers(m, Anatomy.SPINE) for entry in imported.card.coverage)}
    assert covered == set(Modality) - {Modality.UNKNOWN}


def test_the_card_gives_no_threshold_that_was_not_released(imported: ImportedRelease) -> None:
    assert all(d.operating_point is None and d.calibration is None for d in imported.card.disorders)


def test_codes_found_by_name_are_marked_and_normal_has_none(imported: ImportedRelease) -> None:
    normal, meningioma, pneumothorax, made_up = imported.card.disorders[:4]
    assert normal.normal
    assert (normal.icd10cm, normal.icd10cm_matched_by_name) == ((), False)
    assert (meningioma.icd10cm, meningioma.icd10cm_matched_by_name) == (("D32.9",), True)
    assert pneumothorax.icd10cm == ("J93.9",)
    assert (made_up.icd10cm, made_up.icd10cm_matched_by_name, made_up.normal) == ((), False, False)


def test_codes_that_are_given_are_not_marked() -> None:
    card = released_card(("Normal", "Meningioma", "Pica"), {"Meningioma": ("D32", "D42"), "Normal": ("Z00",)})
    assert [d.icd10cm for d in card.disorders] == [(), ("D32", "D42"), ()]
    assert not any(d.icd10cm_matched_by_name for d in card.disorders)


@pytest.mark.parametrize(
    ("index", "classes", "tier"),
    [
        (0, 5569, "head"), (84, 5569, "head"), (85, 5569, "medium"), (554, 5569, "medium"), (555, 5569, "tail"),
        (5568, 5569, "tail"), (164, 931, "head"), (394, 931, "medium"), (395, 931, "tail"), (0, 12, "tail"),
    ],
)  # fmt: skip
def test_tiers_follow_the_released_order(index: int, classes: int, tier: str) -> None:
    assert tier_of(index, classes) == tier


def _small_checkpoint(folder: Path, classes: int, **more: torch.Tensor) -> Path:
    torch.save({"fc.2.weight": torch.zeros(classes, 2048), **more}, folder / "pytorch_model.bin")
    return folder / "pytorch_model.bin"


def _labels(folder: Path, *names: str) -> Path:
    (folder / "labels.json").write_text(json.dumps({name: index for index, name in enumerate(names)}))
    return folder / "labels.json"


def _refused(error: pytest.ExceptionInfo[RaddiagError], folder: Path, *words: str) -> None:
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)
    assert {path.name for path in folder.iterdir()} <= {"pytorch_model.bin", "labels.json", "icd.json"}


def test_a_label_file_of_another_length_is_refused(tmp_path: Path) -> None:
    checkpoint, labels = _small_checkpoint(tmp_path, 3), _labels(tmp_path, "a", "b", "c", "d")
    with pytest.raises(ModelError) as error:
        import_released(checkpoint, labels, tmp_path / "out")
    _refused(error, tmp_path, "labels.json", "4 classes", "has 3")


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError) as error:
        import_released(tmp_path / "pytorch_model.bin", _labels(tmp_path, "a"), tmp_path / "out")
    _refused(error, tmp_path, "pytorch_model.bin", "fc.2.weight")


@pytest.mark.parametrize("shape", [(), (4,), (1, 2, 3)])
def test_a_classifier_that_is_no_matrix_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    torch.save({"fc.2.weight": torch.zeros(shape)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError) as error:
        import_released(tmp_path / "pytorch_model.bin", _labels(tmp_path, "a"), tmp_path / "out")
    _refused(error, tmp_path, "pytorch_model.bin", f"'fc.2.weight' has {len(shape)} axes")


def test_a_checkpoint_with_missing_tensors_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        import_released(_small_checkpoint(tmp_path, 1), _labels(tmp_path, "a"), tmp_path / "out")
    _refused(error, tmp_path, "pytorch_model.bin", "is missing", "more differ")


def test_a_code_file_that_names_no_class_is_refused_before_the_weights_are_read(tmp_path: Path) -> None:
    (tmp_path / "icd.json").write_text('{"Pica": "F98"}')
    with pytest.raises(ConfigError) as error:
        import_released(tmp_path / "absent.bin", _labels(tmp_path, "a"), tmp_path / "out", icd=tmp_path / "icd.json")
    _refused(error, tmp_path, "icd.json", "none of the 1 classes")


def test_a_folder_with_other_things_is_refused_before_the_weights_are_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"labels\.json"):
        import_released(tmp_path / "absent.bin", _labels(tmp_path, "a"), tmp_path)


def test_the_import_leaves_only_the_model_folder(imported: ImportedRelease, released_files: ReleasedFiles) -> None:
    assert [path.name for path in imported.folder.parent.iterdir()] == ["raddiag-5569"]
    assert sorted(path.name for path in imported.folder.iterdir()) == ["card.json", "model.safetensors"]
    stored_bytes = (imported.folder / "model.safetensors").stat().st_size
    assert stored_bytes < released_files.checkpoint.stat().st_size  # the authors' unused tensors are left out
