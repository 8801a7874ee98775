"""Which encoder it is: a digest that a copy in half precision shares with the original."""

from __future__ import annotations

import hashlib
import json

from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder


def encoder_sha256(encoder: TrainableEncoder) -> str:
    """SHA-256 over kind, settings and the weights by name, rounded to half precision.

    The tokeniser of a transformer is not in it; `model_encoder.py` also compares vectors.
    """
    digest = hashlib.sha256(json.dumps([encoder.kind, encoder.settings()], sort_keys=True).encode())
    for name, tensor in sorted(encoder.stored_weights().items()):
        digest.update(repr((name, tuple(tensor.shape))).encode())
        digest.update(tensor.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()
