"""Vectors of a step's texts, each computed by one of the processes of a run."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder
from raddiag_train.training.distributed import Processes


def shared_vectors(encoder: TrainableEncoder, texts: Sequence[str], processes: Processes) -> Tensor:
    """The vectors of all texts in all processes, with their gradient, float32: (N, width).

    Args:
        encoder: The same in all processes.
        texts: N of them, the same in all processes.
        processes: Of which each encodes every n-th text.
    """
    if processes.count == 1:
        return encoder.vectors_of(texts)
    rows = list(range(processes.rank, len(texts), processes.count))
    # A process that has no text encodes one for nothing, so that it takes part in the exchange of gradients.
    own_NW = encoder.vectors_of([texts[row] for row in rows or [0]])
    places_N = torch.tensor(rows, dtype=torch.long, device=own_NW.device)
    vectors_NW = own_NW.new_zeros(len(texts), own_NW.shape[1]).index_copy(0, places_N, own_NW[: len(rows)])
    return processes.total(vectors_NW)
