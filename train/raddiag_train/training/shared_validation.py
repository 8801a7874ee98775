"""Predictions of the validation cases, each made by one of the processes of a run."""

from __future__ import annotations

from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Subset

from raddiag_engine.network.model import RadDiag
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.evaluation.predict import predict
from raddiag_train.training.distributed import Processes


def shared_logits(
    network: RadDiag, dataset: PreparedDataset, processes: Processes, autocast: AbstractContextManager[object]
) -> NDArray[np.float32]:
    """Logits of all cases (N, K), in every process.

    Args:
        network: The same in all processes.
        dataset: The same in all processes.
        processes: Each predicts every n-th case.
        autocast: Context of the forward pass.
    """
    if processes.count == 1:
        return predict(network, dataset, autocast=autocast).logits_NK
    rows = range(processes.rank, len(dataset), processes.count)
    logits_NK = torch.zeros(len(dataset), network.config.classes)
    if rows:
        own: Subset[object] = Subset(dataset, rows)  # type: ignore[arg-type]  # any map-style data set
        logits_NK[rows.start :: rows.step] = torch.from_numpy(
            predict(network, own, autocast=autocast).logits_NK  # type: ignore[arg-type]
        )
    return processes.total(logits_NK).numpy()
