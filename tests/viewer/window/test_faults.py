"""What goes wrong is said in the panel, and the case stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from napari_raddiag.data_models.engine_state import EngineKind
from napari_raddiag.data_models.panel_message import Severity
from napari_raddiag.preferences import Preferences
from tests.engine.service.service_process import running_service
from tests.viewer.window.conftest import ENGINE_MS, OpenPanel
from tests.viewer.window.test_reading import diagnose, open_case, show_evidence

OWN_ENGINE = Preferences(device="cpu")
# The real worker, killed as by the system in the middle of its first job of a kind; the one that replaces it works.
DIES_IN_ITS_FIRST_JOB = """
import os, pathlib, signal
from raddiag_engine.service import computation, worker
original, marker = computation.Computation.run, pathlib.Path({marker!r})
def run(self, message, arrays, progress, cancelled):
    progress(0, 1, "working")
    if message["request"]["kind"] == {kind!r} and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, message, arrays, progress, cancelled)
computation.Computation.run = run
worker.main()
"""


EngineDyingAt = Callable[[str], Preferences]


@pytest.fixture
def engine_dying_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineDyingAt]:
    """Starts a service whose worker dies in its first job of a kind; gives the preferences that use it."""
    with ExitStack() as services:

        def begin(kind: str) -> Preferences:
            worker = DIES_IN_ITS_FIRST_JOB.format(kind=kind, marker=str(tmp_path / "died"))
            service = services.enter_context(running_service("demo", worker=worker))
            monkeypatch.setenv("RADDIAG_TOKEN", service.token)
            return Preferences(server=service.url)

        yield begin


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_the_engine_is_killed_and_comes_back_while_the_case_stays(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(OWN_ENGINE)
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    pid = panel.link.service_pid
    assert pid is not None
    states: list[EngineKind] = []
    panel.link.state_changed.connect(lambda state: states.append(state.kind))
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: EngineKind.DOWN in states, timeout=ENGINE_MS)
    assert panel.session.case is not None and panel.session.current_diagnosis is not None
    qtbot.waitUntil(lambda: panel.link.state.kind is EngineKind.READY, timeout=ENGINE_MS)
    assert panel.link.service_pid not in (None, pid)
    panel.session.use(panel.session.case.scans[0].id, False)
    diagnose(panel, qtbot)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_worker_killed_in_the_middle_fails_the_diagnosis_in_words_and_the_next_one_works(
    open_panel: OpenPanel, engine_dying_at: EngineDyingAt, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(engine_dying_at("diagnose"))
    open_case(panel, sample, qtbot)
    with qtbot.waitSignal(panel.diagnosis.failed, timeout=ENGINE_MS) as failed:
        panel.views.diagnose.button.click()
    assert "\n" not in failed.args[0] and panel.session.diagnosis is None
    [message] = [m for m in panel.views.messages.messages if m.severity is Severity.ERROR]
    assert message.text == failed.args[0] and message.report and "PHANTOM" not in message.report
    diagnose(panel, qtbot)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_worker_killed_while_evidence_is_computed_leaves_the_diagnosis_and_the_next_click_works(
    open_panel: OpenPanel, engine_dying_at: EngineDyingAt, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(engine_dying_at("explain"), method="occlusion")  # which nothing asks for by itself
    open_case(panel, sample, qtbot)
    diagnose(panel, qtbot)
    panel.evidence.method = "gradcam"
    with qtbot.waitSignal(panel.evidence.failed, timeout=ENGINE_MS) as failed:
        panel.views.disorders.disorder_chosen.emit("Baker cyst")
    assert "\n" not in failed.args[0] and panel.views.evidence.busy.text() == failed.args[0]
    assert panel.session.current_diagnosis is not None and not panel.evidence.maps
    show_evidence(panel, "Baker cyst", qtbot)
    assert not panel.views.messages.messages  # what failed is done, and not said any more


def test_closing_the_window_leaves_no_process(open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot) -> None:
    panel = open_panel(OWN_ENGINE)
    open_case(panel, sample, qtbot)
    pid = panel.link.service_pid
    assert pid is not None
    started = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    assert len(started) >= 2
    panel.canvas.layers.viewer.close()
    qtbot.waitUntil(lambda: not any(process.is_running() for process in started), timeout=20_000)


def test_without_an_engine_the_case_is_read_all_the_same(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot
) -> None:
    panel = open_panel(Preferences(model="no such model"), ready=False)
    qtbot.waitUntil(lambda: panel.link.state.kind is EngineKind.DOWN, timeout=ENGINE_MS)
    assert "no such model" in panel.views.engine.text
    open_case(panel, sample, qtbot)
    assert len(panel.canvas.layers.scan_ids) == 2 and not panel.views.diagnose.button.isEnabled()
    assert "engine" in panel.views.diagnose.text


@pytest.mark.parametrize("name", ["empty", "text.dcm", "gone"])
def test_what_cannot_be_read_is_one_line_and_the_open_case_stays(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.dcm").write_text("no image")
    panel = open_panel(Preferences(model="no such model"), ready=False)
    open_case(panel, sample, qtbot)
    case = panel.session.case
    with qtbot.waitSignal(panel.opener.failed, timeout=ENGINE_MS) as failed:
        panel.open_paths((tmp_path / name,))
    assert name in failed.args[0] and panel.session.case is case
    assert any(failed.args[0] == message.text for message in panel.views.messages.messages)


def test_files_beside_good_ones_are_named_with_their_reason(
    open_panel: OpenPanel, sample: tuple[Path, ...], qtbot: QtBot, tmp_path: Path
) -> None:
    bad = tmp_path / "broken.dcm"
    bad.write_bytes((sample[0] / "xray.dcm").read_bytes()[:2000])
    panel = open_panel(Preferences(model="no such model"), ready=False)
    open_case(panel, (*sample, bad), qtbot)
    case = panel.session.case
    assert case is not None and len(case.scans) == 2 and [skipped.path.name for skipped in case.skipped] == [bad.name]
