"""The engine's line: a guess has no more digits than it deserves, and figure and unit stay on one line."""

from __future__ import annotations

import pytest

from napari_raddiag.engine_link.state_words import state_in_words
from raddiag_engine.protocol.reports import DeviceReport, health


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.069, "under\u00a01\u00a0s a case"), (0.99, "under\u00a01\u00a0s a case"), (7.36, "expect 7\u00a0s a case")],
)
def test_the_expected_time_is_whole_seconds_or_under_one(seconds: float, said: str) -> None:
    device = DeviceReport("cpu", "float32", "processor", case_seconds=seconds)
    text = state_in_words(health("ready", None, 0, 8, 0), device, remote=False).text
    assert text.startswith("ready on CPU only, float32: expect") and text.endswith(said)


@pytest.mark.parametrize("device", ["cuda:0 (GPU)", "cpu"])
def test_a_gpu_and_an_unknown_time_promise_nothing(device: str) -> None:
    known = None if device == "cpu" else 0.2
    line = state_in_words(
        health("ready", None, 0, 8, 0), DeviceReport(device, "float32", case_seconds=known), remote=False
    )
    assert "expect" not in line.text
