"""The knowledge encoder: names of disorders as vectors, at inference as in training."""
