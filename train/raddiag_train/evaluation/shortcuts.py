"""Does a model look at the patient? Evaluation with only the borders left, and with borders and corners painted over.

A model that still does well on borders alone has learned how a data set's images are framed, labelled or collimated;
one that fails once they are painted over has leaned on them.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.scoring import probabilities
from raddiag_engine.models.folder import Model
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.evaluation.evaluate import Evaluation
from raddiag_train.evaluation.predict import predict
from raddiag_train.evaluation.source_results import SourceResult, source_results

BORDER_SHARE = 0.1
CORNER_SHARE = 0.2


def shortcut_parts(model: Model, evaluation: Evaluation, cache: Path) -> dict[str, tuple[SourceResult, ...]]:
    """The figures by data set of the cases of an evaluation, once with each change.

    Args:
        model: The model that was evaluated.
        evaluation: Names the cases.
        cache: Folder of prepared scans.
    """
    dataset = PreparedDataset(evaluation.records, evaluation.labels, model.card.preparation, cache)
    placement = place(evaluation.config.device)
    network = model.network.to(placement.device)
    parts = {}
    for name, change in (("borders alone", borders_alone), ("borders and corners masked", borders_and_corners_masked)):
        logits_NK = predict(
            network,
            dataset,
            autocast=placement.autocast(),
            mirrored=evaluation.config.mirrored,
            modality_id=evaluation.config.modality_id(model.card.preparation),
            change=change,
        ).logits_NK
        results = source_results(evaluation.records, probabilities(model.card, logits_NK), evaluation.labels)
        parts[name] = results
    return parts


def borders_alone(voxels: Tensor) -> Tensor:
    """All but a margin of a tenth of the slice is black."""
    height, width = voxels.shape[-2:]
    rows, columns = round(BORDER_SHARE * height), round(BORDER_SHARE * width)
    kept = voxels.clone()
    kept[..., rows : height - rows, columns : width - columns] = 0
    return kept


def borders_and_corners_masked(voxels: Tensor) -> Tensor:
    """A margin of half that width and a square in each corner, where text is burned in, are black."""
    height, width = voxels.shape[-2:]
    rows, columns = round(BORDER_SHARE * height / 2), round(BORDER_SHARE * width / 2)
    kept = voxels.clone()
    kept[..., :rows, :] = kept[..., height - rows :, :] = 0
    kept[..., :, :columns] = kept[..., :, width - columns :] = 0
    corner_rows, corner_columns = round(CORNER_SHARE * height), round(CORNER_SHARE * width)
    for row in (slice(corner_rows), slice(height - corner_rows, height)):
        for column in (slice(corner_columns), slice(width - corner_columns, width)):
            kept[..., row, column] = 0
    return kept
