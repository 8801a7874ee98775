from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from raddiag_engine.cases import Scan
from raddiag_engine.saliency import SaliencyMap
from raddiag_train.evaluation.pointing_game import _guesses, _hit


def saliency(scan_id: str, values: np.ndarray) -> SaliencyMap:
    peak = tuple(int(i) for i in np.unravel_index(int(values.argmax()), values.shape))
    return SaliencyMap(scan_id, "Nodule", "gradcam", values, 1.0, peak, 1.0, (1.0,) * values.ndim, "c", "i", "m")


def one_hot(shape: tuple[int, ...], at: tuple[int, ...], value: float = 1.0) -> np.ndarray:
    values = np.zeros(shape, np.float32)
    values[at] = value
    return values


@pytest.fixture
def scans() -> dict[str, Scan]:
    bright = one_hot((4, 4), (0, 0)).astype(np.float32)
    return {"a": Scan("a", "image", bright), "b": Scan("b", "image", bright)}


@pytest.fixture
def masks() -> dict[str, dict[str, np.ndarray]]:
    lesion = np.zeros((4, 4), bool)
    lesion[1:3, 1:3] = True
    return {"a": {"Nodule": lesion}, "b": {}}


def test_a_peak_in_the_lesion_is_a_hit_and_the_guesses_are_counted(scans, masks) -> None:  # type: ignore[no-untyped-def]
    found = saliency("a", one_hot((4, 4), (1, 2)))
    dark = saliency("b", np.zeros((4, 4), np.float32))
    assert _hit([found, dark], masks, "Nodule") == 1.0
    assert _guesses([scans["a"]], masks, "Nodule") == (1.0, 4 / 16, 0.0)


def test_a_scan_that_the_model_set_aside_is_a_miss(masks) -> None:  # type: ignore[no-untyped-def]
    assert _hit([], masks, "Nodule") == 0.0


def test_a_peak_beside_the_lesion_is_a_miss(masks) -> None:  # type: ignore[no-untyped-def]
    missed = saliency("a", one_hot((4, 4), (3, 3)))
    assert _hit([missed], masks, "Nodule") == 0.0


def test_stronger_evidence_in_a_scan_without_the_lesion_is_a_miss(masks) -> None:  # type: ignore[no-untyped-def]
    weak = saliency("a", one_hot((4, 4), (1, 1), 0.4))
    strong = saliency("b", one_hot((4, 4), (1, 1)))
    assert _hit([weak, strong], masks, "Nodule") == 0.0


def test_a_dark_map_hits_nothing(masks) -> None:  # type: ignore[no-untyped-def]
    dark = replace(saliency("a", np.zeros((4, 4), np.float32)), peak=(1, 1))
    assert _hit([dark], masks, "Nodule") == 0.0
