"""metrics.jsonl over an interruption."""

from __future__ import annotations

import json
from pathlib import Path

from raddiag_train.training.metrics_log import MetricsLog


def test_lines_after_the_checkpoint_and_a_line_cut_off_are_removed_on_resuming(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, after_step=0)
    for step in (10, 20, 30):
        log.write("training", step, loss=1 / step)
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"kind": "trai')
    MetricsLog(path, after_step=20).write("training", 21, loss=0.5)
    assert [json.loads(line)["step"] for line in path.read_text(encoding="utf-8").splitlines()] == [10, 20, 21]
