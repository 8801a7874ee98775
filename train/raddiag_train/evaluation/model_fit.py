"""What a model without thresholds, such as an imported one, gets from cases of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from raddiag_engine.diagnosis.device import place
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model, refuse_foreign_folder, save_model
from raddiag_engine.network.model import RadDiag
from raddiag_train.data.labels import LabelSpace
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.records import CaseRecord
from raddiag_train.evaluation.evaluate import cases_of_split, cases_to_judge
from raddiag_train.evaluation.fused_scans import with_fused_scans
from raddiag_train.evaluation.validation_fit import fit_on_validation
from raddiag_train.progress import task_progress


def fit_model(
    model: Model, records: Sequence[CaseRecord], split: str, cache: Path, folder: Path, device: str = "auto"
) -> tuple[ModelCard, bool]:
    """Write a copy of a model with the thresholds, calibration, figures and input score that the cases give it.

    All are fitted as those of a trained model are (`validation_fit.py`). A disorder without a positive or without a
    negative case is left without threshold and calibration, whatever it had before: they would be of other cases. The
    input score then flags scans unlike the cases, of another modality or anatomy too; where the cases have too few
    scans for one, the copy keeps what the model has.

    Args:
        model: Any; it stays as it is.
        records: Cases, labelled by disorder; those of the split are used, which must be none that the model was
            trained on. Those with a disorder that was kept out of its training are left out.
        split: Its name goes into the card.
        cache: Folder of prepared scans.
        folder: Of the copy.
        device: "auto", "cpu" or "cuda".

    Returns:
        The card of the copy, and whether it has an input score from the cases.

    Raises:
        ConfigError: The split has no case, or a case has a disorder that the model does not know.
        ModelError: `folder` holds something else than a model, or cannot be written.
    """
    refuse_foreign_folder(folder)
    chosen = cases_to_judge(cases_of_split(records, split), model.card)
    with task_progress("choosing scans") as progress:
        chosen = with_fused_scans(chosen, model.card, cache, progress)
    with task_progress("preparing cases") as progress:
        labels, preparation = LabelSpace(model.card.disorders), model.card.preparation
        dataset = PreparedDataset(chosen, labels, preparation, cache, progress=progress)
    network = model.network.to(place(device).device)
    with task_progress("computing cases") as progress:
        card, score = fit_on_validation(model.card, network, dataset, split, progress)
    return save_model(folder, card, network, {**model.extra, **score}, half=is_half(network)), bool(score)


def is_half(network: RadDiag) -> bool:
    """True if half precision holds every weight exactly, as of a model that was stored so."""
    tensors = [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
    finite = (tensor for tensor in tensors if bool(tensor.half().isfinite().all()))
    return all(torch.equal(tensor.half().float(), tensor) for tensor in finite)
