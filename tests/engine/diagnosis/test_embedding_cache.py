"""The cache of scan embeddings, against a model of what it should hold."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raddiag_engine.diagnosis.embedding_cache import EmbeddingCache, EmbeddingKey


def key(number: int, model: str = "m", precision: str = "float32", device: str = "cpu") -> EmbeddingKey:
    return EmbeddingKey(f"scan-{number}", model, precision, device)


@settings(deadline=None)
@given(st.integers(1, 4), st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=40))
def test_the_least_recently_used_embedding_goes_first(capacity: int, steps: list[tuple[bool, int]]) -> None:
    cache = EmbeddingCache(capacity)
    expected: list[int] = []  # least recently used first
    for is_put, number in steps:
        if is_put:
            cache.put(key(number), torch.tensor([float(number)]))
            expected = [*(n for n in expected if n != number), number][-capacity:]
            continue
        found = cache.get(key(number))
        assert (found is not None) == (number in expected)
        if found is not None:
            assert found.item() == number
            expected = [*(n for n in expected if n != number), number]
    assert len(cache) == len(expected)


def test_another_model_or_precision_is_another_embedding() -> None:
    cache = EmbeddingCache()
    cache.put(key(1), torch.zeros(2))
    assert cache.get(key(1, model="other")) is None
    assert cache.get(key(1, precision="bfloat16")) is None


def test_a_kept_embedding_does_not_keep_the_tensor_it_was_cut_from() -> None:
    cache = EmbeddingCache()
    embeddings_NC = torch.ones(1000, 4)
    cache.put(key(1), embeddings_NC[3])
    kept = cache.get(key(1))
    assert kept is not None
    assert kept.untyped_storage().nbytes() == 16


def test_a_cache_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        EmbeddingCache(0)
