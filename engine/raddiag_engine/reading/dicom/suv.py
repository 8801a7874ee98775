"""Standardised uptake values by body weight, from activity concentrations (the vendor-neutral formula of QIBA).

SUVbw = activity [Bq/ml] * weight [g] / dose [Bq], the dose decayed to the time the activities are corrected to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from raddiag_engine.reading.dicom.frame import Frame
from raddiag_engine.reading.dicom.header import Header
from raddiag_engine.reading.dicom.private import private_number, private_text

GRAMS_PER_KILOGRAM = 1000.0
# Injected are tens to thousands of MBq; less is a dose written in MBq, which the standard does not allow.
LEAST_DOSE_BQ = 1e5
MOST_HALF_LIVES = 10.0
UNITS = {"BQML": "Bq/ml", "CNTS": "counts", "NONE": "stored", "PROPCNTS": "counts", "PROPCPS": "counts/s"}
SUV_TYPES = {
    "BW": "SUVbw",
    "LBM": "SUVlbm",
    "LBMJAMES128": "SUVlbm",
    "LBMJANMA": "SUVlbm",
    "BSA": "SUVbsa",
    "IBW": "SUVibw",
}
GE_SCAN_DATE_TIME = (0x0009, "GEMS_PETD_01", 0x0D)
PHILIPS_SUV_FACTOR = (0x7053, "Philips PET Private Group", 0x00)


@dataclass(frozen=True)
class Uptake:
    """What PET values are.

    Attributes:
        factor: To multiply the values by.
        units: Of the values then: "SUVbw", "Bq/ml" or another.
        doubt: Why they are not SUV, empty if they are.
    """

    factor: float
    units: str
    doubt: str = ""


def uptake_of(frames: Sequence[Frame]) -> Uptake:
    """The unit of PET values, and the factor to SUVbw where the header gives all that the formula needs."""
    header = frames[0].instance.header
    units = header.text("Units").upper()
    if units == "GML":
        return Uptake(1.0, SUV_TYPES.get(header.text("SUVType").upper() or "BW", "SUVbw"))
    if units == "CNTS":
        factor = private_number(header, PHILIPS_SUV_FACTOR)
        if factor and factor > 0:
            return Uptake(factor, "SUVbw")
    named = UNITS.get(units, units.lower() or "stored")
    if units != "BQML":
        return Uptake(1.0, named, f"uptake values cannot be computed from the unit {units or 'that is not stated'}")
    try:
        return Uptake(_factor(frames), "SUVbw")
    except ValueError as error:
        return Uptake(1.0, named, f"values are Bq/ml, as SUV cannot be computed: {error}")


def _weight(header: Header) -> object:
    return header.number("PatientWeight")


def _tracer(header: Header) -> object:
    given = header.item("RadiopharmaceuticalInformationSequence")
    return given.number("RadionuclideTotalDose"), given.number("RadionuclideHalfLife")


def _decay(header: Header) -> object:
    return header.text("DecayCorrection").upper()


# What slices of one injection cannot differ in.
FACTS: dict[str, Callable[[Header], object]] = {"weight": _weight, "tracer": _tracer, "decay correction": _decay}


def _factor(frames: Sequence[Frame]) -> float:
    """Grams per Bq; ValueError with what is missing."""
    header = frames[0].instance.header
    headers = {id(frame.instance): frame.instance.header for frame in frames}.values()
    for name, facts in FACTS.items():
        if len({facts(each) for each in headers}) > 1:
            raise ValueError(f"the slices differ in {name}")
    corrected = {text.upper() for text in header.texts("CorrectedImage")}
    missing = [word for word in ("ATTN", "DECY") if word not in corrected]
    if missing:
        raise ValueError(f"the images are not said to be corrected for {' and '.join(missing)}")
    tracer = header.item("RadiopharmaceuticalInformationSequence")
    weight_kg = _positive(header, "PatientWeight")
    dose_bq = _positive(tracer, "RadionuclideTotalDose")
    half_life_s = _positive(tracer, "RadionuclideHalfLife")
    if dose_bq < LEAST_DOSE_BQ:
        raise ValueError(f"a dose of {dose_bq:g} Bq cannot be right")
    correction = header.text("DecayCorrection").upper()
    if correction == "ADMIN":
        return weight_kg * GRAMS_PER_KILOGRAM / dose_bq
    if correction != "START":
        raise ValueError(f"the decay correction is {correction or 'not stated'}, neither START nor ADMIN")
    decay_s = _seconds_from_injection(frames, tracer)
    if decay_s > MOST_HALF_LIVES * half_life_s:
        raise ValueError(f"the scan is {decay_s / half_life_s:.0f} half-lives after the injection")
    return weight_kg * GRAMS_PER_KILOGRAM / (dose_bq * 2 ** (-decay_s / half_life_s))


def _positive(place: Header, keyword: str) -> float:
    number = place.number(keyword)
    if number is None or number <= 0:
        raise ValueError(f"{keyword} is missing")
    return number


def _seconds_from_injection(frames: Sequence[Frame], tracer: Header) -> float:
    header = frames[0].instance.header
    start = _moment(header.text("SeriesDate"), header.text("SeriesTime"))
    acquired = [
        _moment(h.text("AcquisitionDate") or h.text("SeriesDate"), h.text("AcquisitionTime"))
        for h in (frame.instance.header for frame in frames)
    ]
    known = [moment for moment in acquired if moment is not None]
    if start is None or (known and start > min(known)):
        # Processing wrote a new series time; GE keeps the time of the scan.
        text = private_text(header, GE_SCAN_DATE_TIME)
        start = _moment(text[:8], text[8:])
        if start is None:
            raise ValueError("the series time is not that of the acquisition")
    full = tracer.text("RadiopharmaceuticalStartDateTime")
    if full:
        injected = _moment(full[:8], full[8:])
    else:
        injected = _moment(f"{start:%Y%m%d}", tracer.text("RadiopharmaceuticalStartTime"))
        if injected is not None and injected > start:
            injected -= timedelta(days=1)
    if injected is None:
        raise ValueError("the time of injection is missing")
    if injected > start:
        raise ValueError("the injection is said to be after the scan")
    return (start - injected).total_seconds()


def _moment(date: str, time: str) -> datetime | None:
    """Of a DA and a TM value; a time zone at the end is dropped, as both ends of a span are in one."""
    digits = time.partition("+")[0].partition("-")[0].replace(":", "").strip()
    whole, _, fraction = digits.partition(".")
    if not whole:
        return None
    try:
        seconds = datetime.strptime(date.strip() + whole[:6].ljust(6, "0"), "%Y%m%d%H%M%S")
        return seconds + timedelta(microseconds=int(fraction[:6].ljust(6, "0")))
    except ValueError:
        return None
