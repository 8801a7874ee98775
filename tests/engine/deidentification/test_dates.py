"""Moved moments: intervals stay, clocks run over midnight, what is malformed goes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raddiag_engine.deidentification.dates import shifted, shifted_date_time
from raddiag_engine.deidentification.pseudonyms import Pseudonyms, new_salt
from raddiag_engine.deidentification.vocabulary import words_only

moments = st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31))
shifts = st.builds(timedelta, days=st.integers(1, 3650), seconds=st.integers(0, 86_399))


@given(moments, moments, shifts)
def test_intervals_stay_to_the_microsecond(one, other, by):
    moved = [
        datetime.strptime("".join(shifted(f"{m:%Y%m%d}", f"{m:%H%M%S}.{m.microsecond:06d}", by)), "%Y%m%d%H%M%S.%f")
        for m in (one, other)
    ]
    assert moved[1] - moved[0] == other - one
    assert moved[0] == one - by


@given(moments, shifts)
def test_date_times_move_like_their_parts(moment, by):
    date, time = f"{moment:%Y%m%d}", f"{moment:%H%M%S}"
    assert shifted_date_time(f"{date}{time}+0130", by) == "".join(shifted(date, time, by)) + "+0130"


def test_a_clock_alone_runs_over_midnight():
    assert shifted("", "003000", timedelta(days=7, hours=1)) == ("", "233000")
    assert shifted("20240301", "0030", timedelta(hours=1)) == ("20240229", "2330")
    assert shifted("2024.03.01", "", timedelta(days=1, hours=23)) == ("20240229", "")


@pytest.mark.parametrize("text", ["", "yesterday", "20241340", "2024", "19990403 Jane", "00000000"])
def test_what_is_no_date_goes(text):
    assert shifted(text, "", timedelta(days=1))[0] == ""
    assert shifted_date_time(text, timedelta(days=1)) == ""


@pytest.mark.parametrize("text", ["noon", "256199", "12:30 by Jane", "1"])
def test_what_is_no_time_goes(text):
    assert shifted("20240101", text, timedelta(days=1, hours=1)) == ("20231231", "")


def test_replacements_are_the_same_in_one_run_and_of_no_use_for_the_next():
    one, again, other = Pseudonyms(b"a" * 32), Pseudonyms(b"a" * 32), Pseudonyms(new_salt())
    uid = "1.2.276.0.7230010.99.1"
    assert one.uid(uid) == again.uid(uid) != other.uid(uid)
    assert one.uid(uid).startswith("2.25.")
    assert len(one.uid(uid)) <= 64
    assert one.uid("1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"
    assert one.shift("P1") == again.shift("P1") != one.shift("P2")
    assert one.shift("P1") != other.shift("P1")
    assert timedelta(days=1) <= one.shift("P1") <= timedelta(days=3651)
    assert "a" * 8 not in repr(one)
    assert len({one.shift(str(number)) for number in range(1000)}) == 1000


def test_only_known_words_stay_of_a_text():
    assert words_only("Head w/o contrast, Dr. O'Brien 12.3.1970 t2-FLAIR", ()) == "HEAD CONTRAST T2 FLAIR"
    assert words_only("Müller, Ärztin", ()) == ""
    assert words_only("head Hand", {"HAND"}) == "HEAD"
    long = words_only("LUNG " * 40, ())
    assert len(long) <= 64
    assert set(long.split()) == {"LUNG"}
