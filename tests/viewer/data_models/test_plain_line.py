"""Names from files cannot disturb the lines around them."""

from __future__ import annotations

from napari_raddiag.data_models.plain_line import BREAK, LONGEST_RUN, breakable, one_line


def test_a_name_is_one_line_whatever_is_in_it() -> None:
    assert one_line("a\"quote'and\nError: all is well\u2028.png") == "a\"quote'and Error: all is well .png"
    assert one_line("scan\u202egnp.exe\x07") == "scan gnp.exe"  # a right-to-left override would show it backwards
    assert one_line("Müller 漢字 é.dcm") == "Müller 漢字 é.dcm"


def test_long_words_can_be_broken_and_others_stay_as_they_are() -> None:
    assert breakable("/data/of the/ordinary length/scan.dcm") == "/data/of the/ordinary length/scan.dcm"
    long = "1.2.840." + "0123456789" * 8
    broken = breakable(f"file {long}: damaged")
    assert broken.replace(BREAK, "") == f"file {long}: damaged"
    assert max(map(len, broken.replace(" ", BREAK).split(BREAK))) <= LONGEST_RUN
    assert breakable(broken) == broken
