"""raddiag knowledge, from sources to a judged encoder, through the real command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raddiag_engine.cli import main
from tests.train.knowledge.families import concepts
from tests.train.knowledge.made_up_sources import write_sources

EXIT_BAD_INPUT = 2


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one line on standard error of a command that must fail."""
    assert main(["knowledge", *map(str, arguments)]) == EXIT_BAD_INPUT
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    (tmp_path / "sources").mkdir()
    return [str(part) for item in write_sources(tmp_path / "sources").items() for part in item]


def test_pairs_of_every_source_with_their_origin(
    sources: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "pairs.jsonl"
    assert main(["knowledge", "build", "--output", str(output), *sources]) == 0
    assert "pairs" in capsys.readouterr().out
    pairs = [json.loads(line) for line in output.read_text().splitlines()]
    kinds = {(pair["source"], pair["kind"]) for pair in pairs}
    icd = "ICD-10-CM 2026-04-01"
    assert kinds == {
        *((source, kind) for source in (icd, "made_up.obo") for kind in ("synonym", "hierarchy", "description")),
        ("made_up.sssom.tsv", "synonym"),
        ("made_up.sssom.tsv", "hierarchy"),
        *((source, kind) for source in ("UMLS", "Radiopaedia") for kind in ("synonym", "description")),
    }
    assert {pair["part"] for pair in pairs} == {"train", "held_out"}
    (itch,) = [p for p in pairs if p["text"] == "An itch of the airway."]
    assert not itch["hard_negatives"] or itch["hard_negatives"][0]["text"].startswith("An ache")


def test_search_by_name_and_by_description(
    sources: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "pairs.jsonl"
    main(["knowledge", "build", "--output", str(output), "--no-icd10cm", *sources])
    capsys.readouterr()
    assert main(["knowledge", "search", "tension pneumothroax", "--top", "1"]) == 0
    assert "J93.0" in capsys.readouterr().out
    text = "sudden chest pain, absent lung markings"
    assert main(["knowledge", "search", text, "--pairs", str(output), "--top", "2"]) == 0
    assert "Pneumothorax" in capsys.readouterr().out
    assert main(["knowledge", "search", "zzqq"]) == 1
    assert main(["knowledge", "search", "x" * 500]) == 1


def test_search_in_the_disorders_of_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knowledge", "search", "menigioma", "--model", "demo", "--top", "3"]) == 0
    found = capsys.readouterr().out
    assert "eningioma" in found
    assert "Normal" not in found


def test_an_encoder_is_made_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from raddiag_train.knowledge.pair import write_pairs
    from raddiag_train.knowledge.pairs import PairConfig, make_pairs

    pairs, run, figures = tmp_path / "pairs.jsonl", tmp_path / "run", tmp_path / "figures.json"
    write_pairs(pairs, make_pairs(concepts(), PairConfig(held_out=0.2)))
    small = ("encoder.width=16", "encoder.buckets=512", "steps=3", "batch_pairs=8")
    settings = [part for assignment in small for part in ("--set", assignment)]
    assert main(["knowledge", "pretrain", str(pairs), "--output", str(run), *settings]) == 0
    assert main(["knowledge", "pretrain", str(pairs), "--output", str(run), *settings, "--resume"]) == 0
    arguments = ["--encoder", "untrained", "--encoder", str(run), "--json", str(figures)]
    assert main(["knowledge", "evaluate", str(pairs), *arguments]) == 0
    assert main(["knowledge", "search", "menigioma", "--model", "demo", "--encoder", str(run), "--top", "2"]) == 0
    written = json.loads(figures.read_text())
    assert list(written) == ["BM25", "untrained", str(run)]
    assert {figure["name"] for figure in written["BM25"]} >= {"definition to name, MRR"}
    assert "BM25" in capsys.readouterr().out


def test_bad_input_is_one_line(sources: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conso = Path(sources[sources.index("--umls") + 1])
    conso.write_text("C0000001|ENG|\n" + conso.read_text())
    output = tmp_path / "pairs.jsonl"
    assert f"{conso}:1: " in refused(capsys, "build", "--output", output, *sources)
    assert not output.exists()
    assert main(["knowledge", "build", "--output", str(output), "--no-icd10cm", "--skip-bad-lines", *sources]) == 0
    assert f"left out: {conso}:1: " in capsys.readouterr().err
    assert "--umls" in refused(capsys, "build", "--output", output, "--umls-definitions", conso)
    assert "below 1" in refused(capsys, "build", "--output", output, "--held-out", "1")
    assert "no pair" in refused(capsys, "build", "--output", tmp_path / "none", "--no-icd10cm")
    empty = tmp_path / "hello.obo"
    empty.write_text("hello")
    assert f"{empty}: holds no term" in refused(capsys, "build", "--output", output, "--obo", empty)
    assert "raddiag knowledge build" in refused(capsys, "search", "lung", "--pairs", tmp_path / "absent")
    half = tmp_path / "half.jsonl"
    half.write_text('{"kind": "synonym", "term": "x"}\n')
    assert f"{half}:1: lacks concept, text" in refused(capsys, "search", "lung", "--pairs", half)
    assert "the text is empty" in refused(capsys, "search", " ")
    assert "no model" in refused(capsys, "search", "lung", "--model", "dmeo")
    assert "at least 1" in refused(capsys, "search", "lung", "--top", "0")
    assert "raddiag knowledge build" in refused(capsys, "pretrain", tmp_path / "absent", "--output", tmp_path / "run")
    assert "no knowledge encoder" in refused(capsys, "evaluate", output, "--encoder", tmp_path / "absent")
