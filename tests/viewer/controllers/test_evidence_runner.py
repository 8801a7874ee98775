"""What is shown of the evidence: a comparison that comes leaves the reader at the peak in view; shares are of peaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QObject, Signal

from napari_raddiag.controllers.evidence_runner import EvidenceRunner
from napari_raddiag.controllers.evidence_words import evidence_state
from napari_raddiag.engine_link.task import Task
from napari_raddiag.session.reading_session import ReadingSession
from raddiag_engine.cases import Case, Modality, Scan
from raddiag_engine.saliency.saliency_map import SaliencyMap
from tests.viewer.controllers.conftest import WAIT_MS
from tests.viewer.data_models.made_up import CYST, FRACTURE, made_diagnosis

SCAN = Scan("mri", "volume", np.arange(4 * 32 * 32, dtype=np.int16).reshape(4, 32, 32), modality=Modality.MRI)
# Values of the places of evidence, strongest first; the strongest is no whole one, as between a map's cells.
STRENGTHS = (0.8, 0.6, 0.4)


def saliency(disorder: str, method: str) -> SaliencyMap:
    values = np.zeros(SCAN.voxels.shape, np.float32)
    for place, strength in enumerate(STRENGTHS):
        values[1, 4 + 10 * place, 5] = strength
    of = made_diagnosis()
    bound = of.case_hash, of.input_hash, of.model_sha256
    return SaliencyMap("mri", disorder, cast(Any, method), values, 1.0, (1, 4, 5), 1.0, (1.0, 1.0, 1.0), *bound)


class Link(QObject):
    """Stands for the engine."""

    card_changed = Signal(object)

    def explain(
        self,
        case: Case,
        windows: object,
        disorders: Sequence[str],
        method: str,
        parent: QObject,
        then: Callable[[list[list[SaliencyMap]]], Any],
        vocabulary: object,
    ) -> Task:
        return Task(lambda progress, cancelled: then([[saliency(name, method)] for name in disorders]), parent)


@pytest.fixture
def runner(owner: QObject, qtbot: QtBot) -> EvidenceRunner:
    """Shows the evidence for the cyst."""
    session = ReadingSession(owner)
    session.open(Case((SCAN,)), ())
    link = Link(owner)
    runner = EvidenceRunner(session, cast(Any, link), "occlusion", owner)
    assert session.question is not None
    session.answer(session.question, made_diagnosis())
    runner.show(CYST.name)
    qtbot.waitUntil(lambda: runner.peak_count == len(STRENGTHS), timeout=WAIT_MS)
    return runner


def test_a_comparison_leaves_the_reader_at_the_peak_in_view(runner: EvidenceRunner, qtbot: QtBot) -> None:
    runner.compare(FRACTURE.name)
    runner.step_peak(2)  # while the compared maps are still to come
    qtbot.waitUntil(lambda: runner.compared_with == FRACTURE.name, timeout=WAIT_MS)
    assert runner.peak_number == 3
    runner.compare("")
    assert (runner.compared_with, runner.peak_number) == ("", 3)


def test_another_disorder_and_another_method_begin_at_the_strongest(runner: EvidenceRunner, qtbot: QtBot) -> None:
    for change in (lambda: runner.show(FRACTURE.name), lambda: runner.choose_method("respondcam")):
        runner.step_peak(1)
        with qtbot.waitSignal(runner.peak_changed, timeout=WAIT_MS):
            change()
        assert runner.peak_number == 1
    runner.step_peak(1)
    with qtbot.waitSignal(runner.peak_changed, timeout=WAIT_MS):
        runner.choose_method("occlusion")  # whose maps are kept
    assert runner.peak_number == 1


def test_the_share_of_a_peak_is_of_the_strongest_peak(runner: EvidenceRunner) -> None:
    case = runner.session.case
    assert case is not None
    shares = []
    for _ in STRENGTHS:
        state = evidence_state(runner, case, "mri")
        assert state is not None and state.peak is not None
        shares.append(state.peak.share)
        runner.step_peak(1)
    np.testing.assert_allclose(shares, np.array(STRENGTHS) / STRENGTHS[0], rtol=1e-3)
