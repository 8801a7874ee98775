"""One data set without identity: what is on the list is copied, cleaned where it may hold more than it should."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from raddiag_engine.deidentification import allowed_attributes as lists
from raddiag_engine.deidentification.dates import shifted, shifted_date_time
from raddiag_engine.deidentification.elements import BAD_VALUE, text_of, values_of
from raddiag_engine.deidentification.identifying_words import names_somebody
from raddiag_engine.deidentification.pseudonyms import Pseudonyms
from raddiag_engine.deidentification.terms import IMAGE_TYPES, OTHER, TERMS, is_term
from raddiag_engine.deidentification.vocabulary import words_only
from raddiag_engine.reading.dicom.instance import is_storage_class

TEXT_VRS = frozenset({"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
CODE_STRING = re.compile(r"[A-Z0-9_ ]{0,16}")
NO_CONTRAST = frozenset({"NO", "NONE", "N", "NEG", "NATIVE", "WITHOUT", "W/O", "0"})
BLANKED, PATIENT_CHARACTERISTICS = "113101", "113108"
METHODS = {
    "113100": "Basic Application Confidentiality Profile",
    BLANKED: "Clean Pixel Data Option",
    "113105": "Clean Descriptors Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    PATIENT_CHARACTERISTICS: "Retain Patient Characteristics Option",
}
ALWAYS = ("113100", "113105", "113107")


@dataclass(frozen=True)
class Cleaning:
    """What the elements of one file are cleaned by.

    Attributes:
        pseudonyms: New UIDs.
        shift: How much earlier everything is said to have happened.
        names: Words that name the patient or anybody else in the file, upper case.
        allowed: Keywords of what may stay.
    """

    pseudonyms: Pseudonyms
    shift: timedelta
    names: frozenset[str]
    allowed: frozenset[str]

    def cleaned(self, dataset: Dataset) -> Dataset:
        """A new data set of the elements that may stay, in sequences too."""
        copy = Dataset()
        for keyword, element in self._allowed_elements(dataset):
            value = self._cleaned_value(keyword, element)
            if value is not None:
                copy.add(DataElement(element.tag, element.VR, value))
        self._move_moments(dataset, copy)
        return copy

    def _allowed_elements(self, dataset: Dataset) -> Iterator[tuple[str, DataElement]]:
        """Elements on the list whose VR is the dictionary's, so that none can hold text in the place of a number."""
        for tag in sorted(dataset.keys()):
            keyword = keyword_for_tag(tag)
            if tag.is_private or keyword not in self.allowed:
                continue
            if keyword in lists.CODE and _of(dataset, "CodingSchemeDesignator").strip() not in lists.CODING_SCHEMES:
                continue
            try:
                element = dataset[tag]
                is_as_it_should = element.VR in (dictionary_VR(tag), *dictionary_VR(tag).split(" or "))
            except BAD_VALUE:
                continue
            if is_as_it_should:
                yield keyword, element

    def _cleaned_value(self, keyword: str, element: DataElement) -> Any:
        """The value to write, None if the element does not stay; dates and times of day are seen to elsewhere."""
        if element.VR in ("DA", "TM"):
            return None
        if element.VR == "SQ":
            items = [self.cleaned(item) for item in element.value if _is_standard_code(item)]
            return Sequence(items) if items else None
        if element.VR == "DT":
            return shifted_date_time(text_of(element.value), self.shift) or None
        if element.VR == "UI":
            if keyword == "SOPClassUID":
                return str(element.value) if is_storage_class(str(element.value)) else None
            values = [self.pseudonyms.uid(str(value)) for value in values_of(element) if value]
            return (values if len(values) > 1 else values[0]) if values else None
        if keyword in lists.WORDS_ONLY:
            return words_only(" ".join(map(text_of, values_of(element))), self.names) or None
        if keyword == "ContrastBolusAgent":
            return "NONE" if text_of(element.value).strip().upper() in NO_CONTRAST else "CONTRAST"
        if keyword in TERMS:
            return self._term(keyword, element)
        if element.VR in TEXT_VRS and not self._is_harmless(element):
            return None
        if element.VR == "CS" and not all(CODE_STRING.fullmatch(text_of(value)) for value in values_of(element)):
            return None
        return element.value

    @staticmethod
    def _term(keyword: str, element: DataElement) -> Any:
        """A value of the standard's own list, whatever a patient is called; for any other what stands for it."""
        texts = [text_of(value).strip(" \0") for value in values_of(element)]
        return element.value if is_term(keyword, texts) else OTHER.get(keyword)

    def _is_harmless(self, element: DataElement) -> bool:
        texts = [text_of(value) for value in values_of(element)]
        return all(
            text.isascii() and (text.strip().upper() in IMAGE_TYPES or not names_somebody(text, self.names))
            for text in texts
        )

    def _move_moments(self, dataset: Dataset, copy: Dataset) -> None:
        times = dict.fromkeys(lists.MOMENTS.values())
        for date, time in lists.MOMENTS.items():
            values = shifted(_of(dataset, date), _of(dataset, time), self.shift)
            for keyword, value in zip((date, time), values, strict=True):
                if value and keyword in self.allowed:
                    setattr(copy, keyword, value)
        for keyword, element in self._allowed_elements(dataset):
            if element.VR == "TM" and keyword not in times:
                _, time = shifted("", text_of(element.value), self.shift)
                if time:
                    setattr(copy, keyword, time)


def mark_as_deidentified(copy: Dataset, label: str, methods: tuple[str, ...]) -> None:
    """Fill in what every image must have, and say what was done (PS3.15 E.1.1, PS3.3 C.12.1).

    Args:
        copy: A cleaned data set.
        label: The patient's new name and ID.
        methods: Codes of options beside those that always apply.
    """
    copy.PatientName = copy.PatientID = label
    for keyword in lists.EMPTY_IN_EVERY_FILE:
        setattr(copy, keyword, "")
    for keyword in lists.EMPTY_IF_ABSENT:
        if keyword not in copy:
            setattr(copy, keyword, None)
    if "FrameOfReferenceUID" in copy:
        copy.PositionReferenceIndicator = ""
    copy.PatientIdentityRemoved = "YES"
    copy.DeidentificationMethod = f"napari-raddiag {version('napari-raddiag')}: attributes by a list of what may stay"
    copy.LongitudinalTemporalInformationModified = "MODIFIED"
    copy.DeidentificationMethodCodeSequence = Sequence([_code(value) for value in sorted((*ALWAYS, *methods))])


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", METHODS[value]
    return item


def _is_standard_code(item: Dataset) -> bool:
    """False for an item that is a code of a scheme that a hospital made up."""
    if "CodeValue" not in item and "LongCodeValue" not in item and "CodeMeaning" not in item:
        return True
    return _of(item, "CodingSchemeDesignator").strip() in lists.CODING_SCHEMES


def _of(dataset: Dataset, keyword: str) -> str:
    try:
        return text_of(dataset.get(keyword, ""))
    except BAD_VALUE:
        return ""
