"""One process at a time in a work folder, and no trace of one that wrote nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from raddiag_engine.cli import main
from raddiag_engine.errors import ConfigError
from raddiag_train.collection.work_lock import locked

HOLDER = (
    "import sys; from pathlib import Path; from raddiag_train.collection.work_lock import locked\n"
    "with locked(Path(sys.argv[1])):\n    print('in', flush=True); sys.stdin.read()"
)


def test_a_second_process_is_refused_until_the_first_ends_however_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work, records = tmp_path / "work", tmp_path / "records.jsonl"
    records.write_text("")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(work)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "in\n"
        assert main(["data", "build", str(records), "--work", str(work)]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert f"{work}: another raddiag data build is at work in it" in line
    finally:
        holder.kill()
        holder.wait()
        for stream in (holder.stdin, holder.stdout):
            assert stream is not None
            stream.close()
    with locked(work):
        pass


def test_a_folder_that_was_made_for_nothing_is_taken_away(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="bad records"), locked(tmp_path / "a" / "work"):
        raise ConfigError("bad records")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_stays(tmp_path: Path) -> None:
    with locked(tmp_path / "work"):
        (tmp_path / "work" / "settings.json").write_text("{}")
    with pytest.raises(ConfigError), locked(tmp_path / "work"):
        raise ConfigError("bad records")
    assert (tmp_path / "work" / "settings.json").read_text() == "{}"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="name another --work"), locked(tmp_path / "file" / "work"):
        pass
