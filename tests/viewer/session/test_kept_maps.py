"""Maps of large scans are kept as long as there is room."""

from __future__ import annotations

import numpy as np

from napari_raddiag.session.kept_maps import BUDGET_BYTES, KeptMaps
from raddiag_engine.saliency.saliency_map import SaliencyMap

SIDE = 100
MAP_BYTES = 4 * SIDE * SIDE


def maps(disorder: str) -> list[SaliencyMap]:
    """Of one scan, `MAP_BYTES` large."""
    values = np.zeros((SIDE, SIDE), np.float32)
    return [SaliencyMap("a", disorder, "gradcam", values, 1.0, (0, 0), 1.0, (1, 1), "c", "i", "m")]


def holding(kept: KeptMaps, *disorders: str) -> None:
    for disorder in disorders:
        kept.keep(disorder, "gradcam", maps(disorder))


def here(kept: KeptMaps) -> str:
    """What is kept, without asking for it."""
    return "".join(disorder for disorder, _method in kept._maps)


def test_what_was_asked_for_longest_ago_makes_room() -> None:
    kept = KeptMaps(4 * MAP_BYTES)
    holding(kept, "A", "B", "C", "D")
    for disorder in "ACD":
        assert kept.get(disorder, "gradcam") is not None
    holding(kept, "E")
    assert here(kept) == "ACDE" and kept.size_bytes == 4 * MAP_BYTES
    holding(kept, "F")
    assert here(kept) == "CDEF" and kept.get("A", "gradcam") is None


def test_what_is_shown_stays_however_much_is_computed_ahead() -> None:
    kept = KeptMaps(3 * MAP_BYTES)
    holding(kept, "A", "B")
    shown, compared = kept.get("A", "gradcam"), kept.get("B", "gradcam")
    holding(kept, *"CDEFG")
    assert here(kept) == "ABG" and kept.size_bytes == 3 * MAP_BYTES
    assert kept.get("A", "gradcam") is shown and kept.get("B", "gradcam") is compared


def test_maps_larger_than_the_budget_can_be_shown_one_beside_the_other() -> None:
    kept = KeptMaps(MAP_BYTES // 2)
    holding(kept, "A")
    assert kept.get("A", "gradcam") is not None
    holding(kept, "B")
    assert kept.get("A", "gradcam") is not None and kept.get("B", "gradcam") is not None
    holding(kept, "C")
    assert here(kept) == "ABC"
    assert kept.get("C", "gradcam") is not None
    holding(kept, "D")
    assert here(kept) == "BCD"


def test_methods_are_told_apart_and_all_can_be_forgotten() -> None:
    kept = KeptMaps()
    kept.keep("A", "gradcam", maps("A"))
    assert kept.get("A", "occlusion") is None and kept.get("A", "gradcam") is not None
    kept.clear()
    assert kept.get("A", "gradcam") is None and kept.size_bytes == 0


def test_what_is_kept_again_counts_once() -> None:
    kept = KeptMaps()
    holding(kept, "A", "A")
    assert kept.size_bytes == MAP_BYTES and kept.budget_bytes == BUDGET_BYTES == 2**30
