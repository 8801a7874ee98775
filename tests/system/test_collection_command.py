"""raddiag data build, from a few hundred raw records over a real endpoint and filled-in sheets to a data set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from raddiag_engine.cli import main
from raddiag_engine.icd10cm import icd10cm
from raddiag_engine.models.labels import read_codes, read_labels
from raddiag_train.data.records import NORMAL, read_records
from tests.train.collection import made_up_collection as made_up
from tests.train.collection.annotators import (
    codes_carefully,
    codes_with_slips,
    edit_sheet,
    says_what_is_a_disorder,
)
from tests.train.collection.stand_in_endpoint import Asked, Reply, stand_in_endpoint, truthful

KEY = "a-secret-key"


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> made_up.MadeUpCollection:
    return made_up.write_collection(tmp_path_factory.mktemp("collection"))


def test_records_become_a_data_set_with_every_decision_on_record(
    collection: made_up.MadeUpCollection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "work"
    monkeypatch.setenv("RADDIAG_ENDPOINT_KEY", KEY)
    command = ["data", "build", str(collection.records), "--work", str(work), "--normal", str(collection.normal)]
    said: list[str] = []

    def build(*options: str) -> str:
        assert main([*command, *options]) == 0
        said.append(capsys.readouterr().out)
        return said[-1]

    settings = ["--annotators", "anna,ben,cora", "--sample", "60", "--reviewer", "rita", "--adjudicator", "ada"]
    settings += ["--seed", "1"]  # of a sample that holds the article that is kept wrongly
    assert "next: " in build(*settings)
    assert "--endpoint URL" in said[-1]
    with stand_in_endpoint() as endpoint:

        def sometimes_busy(asked: Asked) -> Reply:
            if asked.number % 10 == 0:
                return Reply(status=429, body=b"{}", headers={"Retry-After": "0"})
            return Reply(status=500, body=b"oops") if asked.number == 33 else truthful(asked)

        endpoint.answer = sometimes_busy
        build("--endpoint", endpoint.url, "--model", "stand-in")
        sent = [asked.text for asked in endpoint.asked]
        assert all(asked.headers["Authorization"] == f"Bearer {KEY}" for asked in endpoint.asked)
        questions = len(endpoint.asked)
        build("--endpoint", endpoint.url)
        assert len(endpoint.asked) == questions  # nothing is asked twice
    assert not any(made_up.SECRET in text for text in sent)

    assert edit_sheet(work / "review.csv", says_what_is_a_disorder) == len(made_up.DISAGREED + made_up.NONSENSE)
    assert edit_sheet(work / "check.csv", says_what_is_a_disorder) == 60
    assert "mapping/anna.csv" in build()
    assert not (work / "adjudication.csv").exists()
    for name, share in (("anna", 0.1), ("ben", 0.2), ("cora", 0.1)):
        edit_sheet(work / "mapping" / f"{name}.csv", codes_with_slips(len(name), share))
    assert "adjudication.csv" in build()
    assert "Fleiss' kappa 0." in said[-1]
    adjudicated = edit_sheet(work / "adjudication.csv", codes_carefully)
    assert adjudicated
    assert "cases.jsonl" in build()

    # Second thoughts of the reviewer: one disorder less, and one more, which is then to be coded.
    answers = {"Horseshoe kidney": "no", "Azygos lobe": "yes"}
    edit_sheet(work / "review.csv", lambda row: row.update(is_disorder=answers.get(row["title"], row["is_disorder"])))
    assert "1 of " in build()
    assert "mapping" in said[-1]
    for name in ("anna", "ben", "cora"):
        edit_sheet(work / "mapping" / f"{name}.csv", lambda row: row.update(code=row["code"] or "Q33.1"))
    assert "cases.jsonl" in build()
    names = {name for record in read_records(work / "result" / "cases.jsonl") for name in record.disorders}
    assert "Azygos lobe" in names
    assert "Horseshoe kidney" not in names
    edit_sheet(work / "review.csv", says_what_is_a_disorder)
    assert "cases.jsonl" in build()

    result = work / "result"
    records = read_records(result / "cases.jsonl")
    assert main(["data", "validate", str(result / "cases.jsonl"), "--deep"]) == 0
    counts = json.loads((work / "counts.json").read_text())
    by_stage = {stage["stage"]: stage for stage in counts["stages"]}
    assert by_stage["collected"]["cases"] == collection.cases == 300
    assert by_stage["normal cases added"]["cases"] == len(records)
    assert by_stage["normal cases added"]["images"] == sum(len(record.scans) for record in records)
    normal = [record for record in records if record.disorders == (NORMAL,)]
    assert by_stage["normal cases added"]["normal_cases"] == len(normal) == collection.normal_cases + 25

    # What the review added and the check mended is in the classes; nothing else that is no disorder is.
    names = {name for record in records for name in record.disorders} - {NORMAL}
    assert names <= made_up.DISORDERS.keys()
    assert names >= {"Rigler sign", "Horseshoe kidney"}
    assert set(read_labels(result / "disorder_label_dict.json")) == names | {NORMAL}
    codes = read_codes(result / "icd10cm_codes.json")
    right = sum(codes.get(name, ("none",)) == (made_up.DISORDERS[name],) for name in names)
    assert right / len(names) > 0.9  # some slips of two annotators agree
    categories = {code for record in records for code in record.icd10cm if code}
    assert all(code in icd10cm().categories() for code in categories)
    assert by_stage["normal cases added"]["categories"] == len(categories) < len(names)

    quality = counts["filter_quality"]
    assert quality["precision_interval"][0] <= quality["precision"] < 1
    assert 0.9 < quality["recall"] <= 1
    log = [json.loads(line) for line in (work / "decisions.jsonl").read_text().splitlines()]
    assert {(one["stage"], one.get("annotator", "")) for one in log} == {
        ("filter", ""),
        ("review", "rita"),
        ("check", "rita"),
        ("verdict", ""),
        ("mapping", "anna"),
        ("mapping", "ben"),
        ("mapping", "cora"),
        ("adjudication", "ada"),
        ("code", ""),
    }
    assert all(one["date"] and one["source"] for one in log)
    files = [path for path in work.rglob("*") if path.is_file() and path.suffix != ".png"]
    texts = "\n".join([*(path.read_text(encoding="utf-8-sig") for path in files), *said])
    assert made_up.SECRET not in texts
    assert KEY not in texts
    assert (work / "counts.png").read_bytes().startswith(b"\x89PNG")
    assert main(["knowledge", "build", "--no-icd10cm", "--radiopaedia", str(result / "definitions.jsonl"),
                 "--output", str(tmp_path / "pairs.jsonl")]) == 0  # fmt: skip


def test_an_article_without_an_answer_and_a_spoilt_sheet_say_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = made_up.write_collection(tmp_path / "few", 20).records
    work = tmp_path / "work"
    command = ["data", "build", str(records), "--work", str(work), "--sample", "0"]
    with stand_in_endpoint() as endpoint:
        endpoint.answer = lambda asked: Reply(hang_up=True) if asked.title == "Gout" else truthful(asked)
        asking = ["--endpoint", endpoint.url, "--model", "stand-in", "--attempts", "1"]
        records.write_text(records.read_text() + records.read_text().splitlines()[0].replace("case-0", "case-x", 1)
                           .replace('"articles": [', '"articles": [{"title": "Gout"}, ') + "\n")  # fmt: skip
        assert main([*command, *asking]) == 0
        assert "1 articles got no answer; run again" in capsys.readouterr().out
        assert main([*command, *asking]) == 0
        assert "review.csv" in capsys.readouterr().out
    assert not (work / "check.csv").exists()
    assert "the endpoint did not answer" in (work / "review.csv").read_text(encoding="utf-8-sig")
    edit_sheet(work / "review.csv", lambda row: row.update(is_disorder="perhaps"))
    before = {path: path.read_bytes() for path in work.rglob("*.csv")}
    assert main(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "review.csv:2: the answer 'perhaps' is neither yes nor no" in line
    assert before == {path: path.read_bytes() for path in work.rglob("*.csv")}


def test_records_at_fault_leave_no_work_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "records.jsonl").write_text('{"case_id": "1"}\n')
    assert main(["data", "build", str(tmp_path / "records.jsonl"), "--work", str(tmp_path / "work")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "records.jsonl:1: the case has no image" in line
    assert not (tmp_path / "work").exists()


def test_another_machine_gets_nothing_unless_told(
    collection: made_up.MadeUpCollection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["data", "build", str(collection.records), "--work", str(tmp_path / "work"), "--model", "m"]
    assert main([*command, "--endpoint", "https://llm.example/v1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--allow-remote" in line
    assert main([*command, "--endpoint", "http://llm.example/v1", "--allow-remote"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--allow-plain-http" in line
    assert not (tmp_path / "work").exists()


def test_an_endpoint_that_refuses_is_one_line_and_keeps_what_was_answered(
    collection: made_up.MadeUpCollection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "work"
    monkeypatch.setenv("RADDIAG_ENDPOINT_KEY", KEY)
    with stand_in_endpoint() as endpoint:

        def until_the_key_expires(asked: Asked) -> Reply:
            return truthful(asked) if asked.number <= 50 else Reply(status=401, body=f'{{"error": "{KEY}"}}'.encode())

        endpoint.answer = until_the_key_expires
        command = ["data", "build", str(collection.records), "--work", str(work), "--endpoint", endpoint.url]
        assert main([*command, "--model", "stand-in"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "401" in line
        assert KEY not in line
        answered = (work / "decisions.jsonl").read_text().count("\n")
        assert 46 <= answered <= 50
        endpoint.wait_until_quiet()
        endpoint.answer, before = truthful, len(endpoint.asked)
        assert main(command) == 0
        articles = len({asked.title for asked in endpoint.asked})
        assert len(endpoint.asked) - before == 2 * articles - answered
    assert "review.csv" in capsys.readouterr().out
