"""Each knowledge source yields its concepts, and names the file and line of what it cannot read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_engine.icd10cm import icd10cm
from raddiag_train.knowledge.concept import Concept
from raddiag_train.knowledge.sources.icd10cm import icd10cm_concepts
from raddiag_train.knowledge.sources.lines import BadLines
from raddiag_train.knowledge.sources.obo import obo_concepts
from raddiag_train.knowledge.sources.radiopaedia import radiopaedia_concepts
from raddiag_train.knowledge.sources.sssom import sssom_concepts
from raddiag_train.knowledge.sources.umls import umls_concepts
from tests.train.knowledge.made_up_sources import ARTICLES, MRCONSO, MRDEF, OBO, SSSOM, write_sources

Reader = Callable[[Path, BadLines], Iterable[Concept]]
READERS: dict[str, Reader] = {
    "obo": lambda path, bad: obo_concepts(path, "made up", bad),
    "sssom": lambda path, bad: sssom_concepts(path, "made up", bad),
    "umls": lambda path, bad: umls_concepts(path, None, "made up", bad),
    "mrdef": lambda path, bad: umls_concepts(_conso_beside(path), path, "made up", bad),
    "radiopaedia": lambda path, bad: radiopaedia_concepts(path, "made up", bad),
}


def _conso_beside(path: Path) -> Path:
    (path.parent / "MRCONSO.RRF").write_text(MRCONSO)
    return path.parent / "MRCONSO.RRF"


def test_icd10cm() -> None:
    concepts = {concept.identifier: concept for concept in icd10cm_concepts(icd10cm())}
    leak = concepts["ICD10CM:J93.82"]
    assert leak.names == ("Other air leak", "Persistent air leak")
    assert leak.parents == ("ICD10CM:J93.8",)
    assert leak.descriptions[0].text == (
        "Includes persistent air leak. A kind of other pneumothorax and air leak, among diseases of the respiratory "
        "system."
    )
    assert "ICD10CM:S27.0" in concepts["ICD10CM:J93"].excluded
    assert "postprocedural pneumothorax" not in leak.names
    # A note elsewhere names a code in other words, unless they are the same words.
    assert "postprocedural air leak" not in concepts["ICD10CM:J95.812"].names
    assert "congenital or perinatal pneumothorax" in concepts["ICD10CM:P25.1"].names
    assert concepts["ICD10CM:J93"].first_level
    assert not leak.first_level
    assert concepts["ICD10CM:J00-J99"].icd10cm == ()
    assert all(parent in concepts for concept in concepts.values() for parent in concept.parents)


def test_obo(tmp_path: Path) -> None:
    concepts = {c.identifier: c for c in obo_concepts(write_sources(tmp_path)["--obo"], "made up", BadLines())}
    assert set(concepts) == {"DOID:1", "DOID:9", "DOID:2", "DOID:3"}
    ache = concepts["DOID:1"]
    assert ache.names == ("airway ache", "ache of airway", "sore pipes")
    assert ache.descriptions[0].text == 'An ache of the "airway", made up for a test.'
    assert (ache.parents, ache.excluded, ache.icd10cm) == (("DOID:9",), ("DOID:3",), ("J98.8",))


def test_sssom(tmp_path: Path) -> None:
    concepts = {c.identifier: c for c in sssom_concepts(write_sources(tmp_path)["--sssom"], "M", BadLines())}
    assert concepts["MONDO:1"].names == ("bent bone", "bowed bone")
    assert concepts["MONDO:1"].icd10cm == ("M95.9",)
    assert concepts["MONDO:1"].parents == ("NCIT:5@M",)
    assert concepts["OMIM:7@M"].parents == ("MONDO:2",)


def test_umls(tmp_path: Path) -> None:
    paths = write_sources(tmp_path)
    (knee,) = umls_concepts(paths["--umls"], paths["--umls-definitions"], "UMLS", BadLines())
    assert knee.identifier == "UMLS:C0000001"
    assert knee.names == ("Wobbly knee", "Unsteady knee")  # neither the suppressed nor the German name
    assert [description.text for description in knee.descriptions] == ["A knee that wobbles."]
    assert knee.icd10cm == ("M25.36",)


def test_umls_may_be_packed(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "MRCONSO.RRF.gz", "wb") as stream:
        stream.write(MRCONSO.encode())
    assert len(list(umls_concepts(tmp_path / "MRCONSO.RRF.gz", None, "UMLS", BadLines()))) == 1


@pytest.mark.parametrize("layout", ["array", "lines"])
def test_articles(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "articles.json"
    path.write_text(json.dumps(ARTICLES) if layout == "array" else "\n".join(map(json.dumps, ARTICLES)))
    first, second = radiopaedia_concepts(path, "made up", BadLines())
    assert first.names == ("Pneumothorax", "Air around the lung")
    assert [(d.kind, d.text[:6]) for d in first.descriptions] == [
        ("definition", "Gas in"),
        ("radiologic features", "Absent"),
        ("clinical information", "Sudden"),
    ]
    assert [d.text for d in second.descriptions] == ["A sign."]
    assert second.icd10cm == ()


FAULTS = [
    ("obo", OBO.replace("name: lung trouble", "name lung trouble"), 18, "TAG: VALUE"),
    ("obo", OBO.replace('def: "An itch of the heart." []', "def: An itch"), 29, "not in quotes"),
    ("obo", OBO.replace("id: DOID:3\n", ""), 26, "one id and one name"),
    ("obo", OBO.replace("[Typedef]", "[Typedef"), 36, "not closed"),
    ("obo", OBO.replace("id: DOID:3", "id: DOID:2"), 26, "is there already, in line "),
    ("sssom", SSSOM.replace("\tsemapv:Manual\nMONDO:2", "\nMONDO:2"), 7, "5 cells where the header has 6"),
    ("sssom", SSSOM.replace("very bent bone", ""), 8, "is empty"),
    ("umls", MRCONSO + "C0000003|ENG|P|\n", 6, "3 fields where this RRF file has 18"),
    ("umls", MRCONSO.replace("C0000002", "X0000002"), 5, "no concept identifier"),
    ("umls", MRCONSO.replace("Unsteady knee", ""), 2, "empty"),
    ("mrdef", MRDEF.replace("|N||\nC0000002", "|N|\nC0000002"), 2, "7 fields where this RRF file has 8"),
    ("radiopaedia", '{"title": "A"}\n{"title": ""}\n', 2, "must have a title"),
    ("radiopaedia", '{"title": "A"}\n{"title": "A"}\n', 2, "a title twice"),
    ("radiopaedia", '{"title": "A"}\nnonsense\n', 2, "not JSON"),
    ("radiopaedia", '{"title": "A", "synonyms": "B"}\n', 1, "a list of names"),
    ("radiopaedia", '{"title": "A", "sections": {"Definition": 3}}\n', 1, "texts under headings"),
]


@pytest.mark.parametrize(("reader", "text", "line", "reason"), FAULTS)
def test_a_line_at_fault_is_named(tmp_path: Path, reader: str, text: str, line: int, reason: str) -> None:
    path = tmp_path / "source"
    path.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        list(READERS[reader](path, BadLines()))
    assert str(refusal.value).startswith(f"{path}:{line}: ")
    assert reason in str(refusal.value)
    skipping = BadLines(skip=True)
    list(READERS[reader](path, skipping))
    assert skipping.count >= 1  # a line may take its whole term with it
    assert skipping.first[0].startswith(f"{path}:{line}: ")


def test_the_rest_of_a_file_is_used_when_bad_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_text("C1|bad|\n" + MRCONSO)
    assert len(list(READERS["umls"](path, BadLines(skip=True)))) == 1


@pytest.mark.parametrize(
    ("reader", "text", "reason"),
    [
        ("sssom", SSSOM.replace("object_label", "label_of_object"), ":3: the header lacks the column object_label"),
        ("radiopaedia", '[{"title": "A"},\n {"title": ]', ":2: not JSON"),
        ("radiopaedia", '[{"title": "A"}\n', ":1: the array has no end"),
    ],
)
def test_a_file_that_cannot_be_understood_is_never_left_out(
    tmp_path: Path, reader: str, text: str, reason: str
) -> None:
    path = tmp_path / "source"
    path.write_text(text)
    with pytest.raises(ConfigError) as refusal:
        list(READERS[reader](path, BadLines(skip=True)))
    assert reason in str(refusal.value)


@pytest.mark.parametrize("reader", READERS)
def test_bytes_that_are_no_text_are_named(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"\n\xff\xfe\n")
    with pytest.raises(ConfigError):
        list(READERS[reader](path, BadLines()))


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_is_not_there(tmp_path: Path, reader: str) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        list(READERS[reader](tmp_path / "nowhere", BadLines()))


def test_a_packed_file_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "MRCONSO.RRF.gz"
    path.write_bytes(gzip.compress(MRCONSO.encode())[:60])
    with pytest.raises(ConfigError, match="cannot be read after line"):
        list(umls_concepts(path, None, "UMLS", BadLines()))
