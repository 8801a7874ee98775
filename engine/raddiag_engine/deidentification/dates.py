"""Dates and times of DICOM (DA, TM, DT, PS3.5 6.2) moved to an earlier moment, so that intervals stay as they are."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})\s*")
TIME = re.compile(r"(\d{2}):?(?:(\d{2}):?(?:(\d{2})(\.\d{1,6})?)?)?\s*")
DATE_TIME = re.compile(r"(\d{8})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?([+-]\d{4})?\s*")
ANY_DAY = "20000102"


def shifted(date: str, time: str, by: timedelta) -> tuple[str, str]:
    """A date and its time of day, moved back together; each is empty if it is missing or malformed.

    A time without a date is moved on the clock alone, and a date without a time by whole days.
    """
    day = DATE.fullmatch(date)
    clock = TIME.fullmatch(time)
    if clock is not None and not _moved(ANY_DAY, "".join(part or "" for part in clock.groups()), by)[1]:
        clock = None  # there is no such time of day
    known_day = "".join(day.groups()) if day else ""
    if clock is None:
        return _moved(known_day, "00", timedelta(days=by.days))[0] if known_day else "", ""
    moved_day, moved_time = _moved(known_day or ANY_DAY, "".join(part or "" for part in clock.groups()), by)
    return (moved_day if known_day else ""), moved_time


def shifted_date_time(value: str, by: timedelta) -> str:
    """A DT value moved back, its time zone kept; empty if it is malformed or not to the day."""
    match = DATE_TIME.fullmatch(value)
    if match is None:
        return ""
    day, clock, zone = match.groups()
    if not clock:
        return shifted(day, "", by)[0]
    return "".join((*shifted(day, clock, by), zone or "")) if shifted(day, clock, by)[0] else ""


def _moved(day: str, clock: str, by: timedelta) -> tuple[str, str]:
    """The moment moved back, to the precision it was given with; two empty strings if there is no such moment."""
    whole, _, fraction = clock.partition(".")
    try:
        moment = datetime.strptime(day + whole.ljust(6, "0"), "%Y%m%d%H%M%S") - by
    except (ValueError, OverflowError):
        return "", ""
    seconds = moment.strftime("%H%M%S")[: max(len(whole), 2)]
    return f"{moment.year:04d}{moment:%m%d}", f"{seconds}.{fraction}" if fraction else seconds
