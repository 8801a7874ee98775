"""The 22 chapters of ICD-10-CM and the codes that belong to each.

Source: ICD-10-CM Tabular List of Diseases and Injuries, April 2026, US National Center for Health Statistics;
in the public domain. `raddiag_engine.icd10cm` has the whole list, but takes longer to read than the window may stand
still while a result is shown; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Attributes:
        number: 1 to 22.
        first: First category, three characters.
        last: Last category, three characters.
        title: As in the tabular list.
    """

    number: int
    first: str
    last: str
    title: str

    @property
    def codes(self) -> str:
        """The range of its categories, such as "C00-D49"."""
        return f"{self.first}-{self.last}"

    def __str__(self) -> str:
        return f"{self.codes} {self.title}"


CHAPTERS = (
    Chapter(1, "A00", "B99", "Certain infectious and parasitic diseases"),
    Chapter(2, "C00", "D49", "Neoplasms"),
    Chapter(
        3,
        "D50",
        "D89",
        "Diseases of the blood and blood-forming organs and certain disorders involving the immune mechanism",
    ),
    Chapter(4, "E00", "E89", "Endocrine, nutritional and metabolic diseases"),
    Chapter(5, "F01", "F99", "Mental, Behavioral and Neurodevelopmental disorders"),
    Chapter(6, "G00", "G99", "Diseases of the nervous system"),
    Chapter(7, "H00", "H59", "Diseases of the eye and adnexa"),
    Chapter(8, "H60", "H95", "Diseases of the ear and mastoid process"),
    Chapter(9, "I00", "I99", "Diseases of the circulatory system"),
    Chapter(10, "J00", "J99", "Diseases of the respiratory system"),
    Chapter(11, "K00", "K95", "Diseases of the digestive system"),
    Chapter(12, "L00", "L99", "Diseases of the skin and subcutaneous tissue"),
    Chapter(13, "M00", "M99", "Diseases of the musculoskeletal system and connective tissue"),
    Chapter(14, "N00", "N99", "Diseases of the genitourinary system"),
    Chapter(15, "O00", "O9A", "Pregnancy, childbirth and the puerperium"),
    Chapter(16, "P00", "P96", "Certain conditions originating in the perinatal period"),
    Chapter(17, "Q00", "QA0", "Congenital malformations, deformations and chromosomal abnormalities"),
    Chapter(
        18, "R00", "R99", "Symptoms, signs and abnormal clinical and laboratory findings, not elsewhere classified"
    ),
    Chapter(19, "S00", "T88", "Injury, poisoning and certain other consequences of external causes"),
    Chapter(20, "V00", "Y99", "External causes of morbidity"),
    Chapter(21, "Z00", "Z99", "Factors influencing health status and contact with health services"),
    Chapter(22, "U00", "U85", "Codes for special purposes"),
)


def chapter_of(code: str) -> Chapter | None:
    """The chapter of an ICD-10-CM code such as "D32.0"; None for what is in no chapter.

    Categories that end in a letter, such as C7A, come after those that end in a digit, as in the tabular list.
    """
    return _chapter_of_category(code.strip().upper()[:3])


@cache
def _chapter_of_category(category: str) -> Chapter | None:
    if len(category) < 3:
        return None
    return next((chapter for chapter in CHAPTERS if chapter.first <= category <= chapter.last), None)


@lru_cache(maxsize=16_384)
def chapters_of(codes: tuple[str, ...]) -> tuple[Chapter, ...]:
    """The chapters of several codes, each once, in the order of the codes."""
    return tuple(dict.fromkeys(chapter for code in codes if (chapter := chapter_of(code)) is not None))
