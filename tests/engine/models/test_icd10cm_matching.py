"""Disorder names find their ICD-10-CM code exactly, or none. The expected codes are those of the 2026 tabular list."""

from __future__ import annotations

import pytest

from raddiag_engine.models.icd10cm_matching import dotted, match_by_name, normalised


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Meningioma", "D32.9"),  # inclusion term "Meningioma NOS"
        ("COVID-19", "U07.1"),
        ("Pneumonia", "J18"),  # "Pneumonia, unspecified organism"; the category, not its J18.9
        ("Pleural effusion", "J90"),  # "..., not elsewhere classified"
        ("Crohn disease", "K50"),  # "Crohn's disease [regional enteritis]"
        ("Regional enteritis", "K50"),
        ("Paget disease (bone)", "M88"),  # a synonym in square brackets, in another order
        ("Lung abscess", "J85.2"),  # "Abscess of lung without pneumonia", term "Abscess of lung NOS"
        ("Pulmonary oedema", "J81"),  # British spelling
        ("Haemangioma", "D18.0"),
        ("Obstructive sleep apnoea", "G47.33"),  # "(adult) (pediatric)" says nothing more
        ("Sarcoidosis (thoracic manifestations)", "D86"),  # an article's qualifier
        ("COVID-19 (summary)", "U07.1"),
        ("Gynaecomastia", "N62"),
        ("Non-Hodgkin lymphoma", "C85.9"),
        ("Kidney stones", "N20.0"),  # plural, term "Stone in kidney"
        ("D32", "D32"),  # the release's classes of ICD-10-CM level are codes
        ("I629", "I62.9"),
    ],
)
def test_a_name_of_the_tabular_list_finds_its_code(name: str, code: str) -> None:
    assert match_by_name(name) == (code,)


@pytest.mark.parametrize(
    "name",
    [
        "Intracranial haemorrhage",  # the list knows it only as traumatic or not
        "Abscess",
        "Segond fracture",
        "Crazy paving",
        "Meningiomas of the third kind",
        "",
    ],
)
def test_a_name_that_the_list_does_not_have_gets_no_code(name: str) -> None:
    assert match_by_name(name) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Abscesses of the Lung", "lung abscess"),
        ("Metastases", "metastasis"),
        ("Kienböck's disease", "Kienbock disease"),
        ("Non-ossifying fibroma", "nonossifying fibroma"),
        ("Tumours", "tumor"),
        ("Localised fibre", "localized fiber"),
    ],
)
def test_spelling_does_not_matter(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"), [("hypertension", "hypotension"), ("hyperthyroidism", "hypothyroidism"), ("ileus", "ilium")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@pytest.mark.parametrize(
    ("given", "written"), [("d32", "D32"), ("I629", "I62.9"), ("s83.511", "S83.511"), (" C7A ", "C7A")]
)
def test_codes_are_written_with_their_dot(given: str, written: str) -> None:
    assert dotted(given) == written
