"""Thresholds and calibration for a model that has none, such as an imported one, from cases of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from raddiag_engine.diagnosis.device import place
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model, refuse_foreign_folder, save_model
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.disorder_fit import fit_disorders
from raddiag_train.evaluation.evaluate import cases_of_split
from raddiag_train.evaluation.predict import predict
from raddiag_train.progress import task_progress


def fit_model(
    model: Model, records: Sequence[CaseRecord], split: str, cache: Path, folder: Path, device: str = "auto"
) -> ModelCard:
    """Write a copy of a model whose disorders have the thresholds and the calibration that the cases give them.

    Computed in float32 on any device, as the thresholds of a trained model are. A disorder without a positive or
    without a negative case is left without both, whatever it had before: its old threshold would be of other cases.

    Args:
        model: Any; it stays as it is.
        records: Cases; those of the split are used, which must be none that the model was trained on.
        split: Its name goes into the card.
        cache: Folder of prepared scans.
        folder: Of the copy.
        device: "auto", "cpu" or "cuda".

    Returns:
        The card of the copy.

    Raises:
        ConfigError: The split has no case, or a case has a disorder that the model does not know.
        ModelError: `folder` holds something else than a model, or cannot be written.
    """
    refuse_foreign_folder(folder)
    chosen, labels = cases_of_split(records, split), LabelSpace(model.card.disorders)
    with task_progress("preparing cases") as progress:
        dataset = PreparedDataset(chosen, labels, model.card.preparation, cache, progress=progress)
    with task_progress("computing cases") as progress:
        logits_NK = predict(model.network.to(place(device).device), dataset, progress=progress).logits_NK
    targets_NK = dataset.case_labels.matrix()
    disorders = fit_disorders(labels.disorders, chosen, logits_NK, targets_NK, split, model.card.coverage)
    card = replace(model.card, disorders=disorders)
    return save_model(folder, card, model.network, model.extra, half=is_half(model.network))


def is_half(network: RadDiag) -> bool:
    """True if half precision holds every weight exactly, as of a model that was stored so."""
    tensors = [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
    finite = (tensor for tensor in tensors if bool(tensor.half().isfinite().all()))
    return all(torch.equal(tensor.half().float(), tensor) for tensor in finite)
