"""The data and figure commands through the real command line: bad input is told with row and file, status not 0."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from raddiag_engine.cli import main
from tests.train.data.made_up_images import write_picture
from tests.train.data.published_layouts import LAYOUTS, write_layout

EXIT_BAD_INPUT = 2


def last_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The last line on standard error of a command that must fail."""
    assert main(list(arguments)) == EXIT_BAD_INPUT
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said.strip().splitlines()[-1]


def line(number: int, folder: Path, **changes: object) -> str:
    path = write_picture(folder / f"{number}.png", number)
    case = {
        "case_id": f"case-{number}",
        "patient_id": f"p{number}",
        "anatomy": "chest",
        "split": "train",
        "scans": [{"path": path.name, "modality": "X-ray", "plane": "frontal", "key_slice": None}],
        "disorders": ["Pneumonia"],
        "icd10cm": ["J18.9"],
    }
    return json.dumps(case | changes)


def test_every_fault_of_a_list_is_told_with_its_row_and_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = [{"path": "gone.png", "modality": "X-ray", "plane": "frontal", "key_slice": None}]
    wrong = [{"path": "1.png", "modality": "Xray", "plane": "frontal", "key_slice": None}]
    lines = [
        line(1, tmp_path),
        line(2, tmp_path, scans=wrong),
        line(3, tmp_path, scans=gone),
        line(4, tmp_path, split="test", disorders=["Pneumonie"]),
        line(5, tmp_path, split="test", patient_id="p1"),
    ]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(lines), encoding="utf-8")
    assert main(["data", "validate", str(cases)]) == 1
    told = capsys.readouterr().out.strip().splitlines()
    assert [row.split(":")[1] for row in told] == ["2", "3", "4", "5"]
    assert "unknown modality 'Xray'; did you mean 'X-ray'?" in told[0]
    assert f"{tmp_path / 'gone.png'}: cannot be opened" in told[1]
    assert "disorder 'Pneumonie' is not in the label space" in told[2]
    assert "did you mean 'Pneumonia'?" in told[2]
    assert "lies in 'test', but line 1, of the same patient, in 'train'" in told[3]


def test_a_published_set_is_imported_checked_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_layout(tmp_path / "set", LAYOUTS["chexpert"])
    cases = str(tmp_path / "cases.jsonl")
    assert main(["data", "import", "chexpert", str(tmp_path / "set"), "--output", cases]) == 0
    assert "2 cases of 3 scans" in capsys.readouterr().out
    assert main(["data", "stats", cases, "--output", str(tmp_path / "stats")]) == 0
    assert json.loads((tmp_path / "stats" / "statistics.json").read_text(encoding="utf-8"))["case_level"] is True


def test_bad_input_of_the_importers_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = str(tmp_path / "cases.jsonl")
    said = last_line(capsys, "data", "import", "chexprt", str(tmp_path), "--output", output)
    assert "did you mean 'chexpert'?" in said
    said = last_line(capsys, "data", "import", "chexpert", str(tmp_path), "--output", output)
    assert "train.csv is missing" in said
    said = last_line(capsys, "data", "import-rp3d", str(tmp_path), "--output", output)
    assert "neither train.json nor test.json" in said
    write_layout(tmp_path, LAYOUTS["padchest"])
    (tmp_path / "54" / "1003.png").unlink()
    said = last_line(capsys, "data", "import", "padchest", str(tmp_path), "--output", output)
    assert "1 faults; nothing was written" in said
    assert not Path(output).exists()


def test_help_of_the_new_commands_starts_without_torch_or_matplotlib() -> None:
    code = (
        "import sys\nfrom raddiag_engine.cli import main\n"
        "for words in (['data', 'import', '--list'], ['figures', 'roc', '-h'], ['data', 'import-rp3d', '-h']):\n"
        "    try:\n        main(words)\n    except SystemExit:\n        pass\n"
        "print([name for name in ('torch', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
