"""A search by meaning with an encoder as a command names it, its vectors recalled from where they are kept."""

from __future__ import annotations

from collections.abc import Sequence

from raddiag_train.knowledge.encoder_search import EncoderSearch
from raddiag_train.knowledge.kept_vectors import kept_vectors
from raddiag_train.knowledge.searched_disorder import SearchedDisorder
from raddiag_train.progress import task_progress
from raddiag_train.training.label_text import named_encoder


def search_by_meaning(disorders: Sequence[SearchedDisorder], encoder: str) -> EncoderSearch:
    """A search with an encoder as a command names it; names that it has embedded before are recalled.

    Args:
        disorders: To search in.
        encoder: A folder or run, a repository of the hub, or "hashed_ngram" for the untrained one.

    Raises:
        ModelError: There is no usable encoder of this name.
    """
    loaded = named_encoder(encoder)
    with task_progress("embedding names, kept for the next time") as progress:
        return EncoderSearch(disorders, loaded, lambda names: kept_vectors(loaded, names, progress))
