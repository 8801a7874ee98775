"""The validation scans as the input score is fitted to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_engine.diagnosis.input_descriptors import descriptors
from raddiag_engine.diagnosis.input_score import InputScore
from raddiag_engine.models.card import Coverage
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.prepared_shards import StoredScan
from raddiag_train.evaluation.input_score_fit import InputScoreFit, fit_input_score
from raddiag_train.evaluation.predict import Predictions


@dataclass(frozen=True, eq=False)
class _NetworkInput:
    """What the descriptors look at."""

    voxels: NDArray[np.float32]
    is_volume: bool


def fit_from_predictions(dataset: PreparedDataset, predictions: Predictions) -> InputScore:
    """Fit the input score.

    Args:
        dataset: Cases the network was not trained on.
        predictions: Of these cases, with their scan embeddings.

    Raises:
        ConfigError: There are too few scans of every kind.
    """
    described, coverages, sources, patients = [], [], [], []
    for index, record in enumerate(dataset.records):
        for scan, stored in zip(record.scans, dataset[index].scans, strict=True):
            described.append(stored_descriptors(stored))
            coverages.append(Coverage(scan.modality, record.anatomy_of(scan)))
            sources.append(record.source)
            patients.append(record.patient_id or record.case_id)
    embeddings_NC = np.concatenate(predictions.embeddings)
    return fit_input_score(embeddings_NC, np.stack(described), coverages, sources=sources, patients=patients)


def stored_descriptors(stored: StoredScan) -> NDArray[np.float32]:
    """Descriptors of a scan of the trainer's cache, as the engine has them of a prepared one."""
    return descriptors(_NetworkInput(stored.voxels.astype(np.float32) / 255.0, stored.is_volume))


def largest_group(dataset: PreparedDataset) -> int:
    """Most scans of one kind, modality, anatomy and source: what an input score can be fitted on."""
    kinds = Counter(
        (scan.modality, record.anatomy_of(scan), record.source, stored.is_volume)
        for index, record in enumerate(dataset.records)
        for scan, stored in zip(record.scans, dataset[index].scans, strict=True)
    )
    return max(kinds.values())


def has_enough_scans(dataset: PreparedDataset) -> bool:
    """True if the input score can be fitted on some group of the scans."""
    return largest_group(dataset) >= InputScoreFit().fewest_scans
