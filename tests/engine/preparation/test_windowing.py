"""Windows against the formulas of DICOM PS3.3 C.11.2.1.2, pydicom, and the order of preference."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels import apply_voi_lut

from raddiag_engine.cases import Anatomy, Modality, Scan, Window
from raddiag_engine.errors import CaseError, ConfigError
from raddiag_engine.preparation import PreparationConfig, prepare_scan, presets_for
from raddiag_engine.preparation.windowing import apply_window, choose_window, display_values

CONFIG = PreparationConfig(quantise_8bit=False)
HEADER = Window(300.0, 600.0, name="HEADER")


def image(values: object, **properties: object) -> Scan:
    return Scan("a", "image", np.atleast_2d(np.asarray(values)), **properties)  # type: ignore[arg-type]


def by_the_standard(x: float, window: Window) -> float:
    """PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and .2, with an output range of 0 to 1."""
    c, w = window.center, window.width
    if window.function == "SIGMOID":
        return 0.0 if x < c - 20 * w else 1 / (1 + math.exp(-4 * (x - c) / w))
    if window.function == "LINEAR_EXACT":
        if x <= c - w / 2:
            return 0.0
        return 1.0 if x > c + w / 2 else (x - c) / w + 0.5
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    return 1.0 if x > c - 0.5 + (w - 1) / 2 else (x - (c - 0.5)) / (w - 1) + 0.5


@given(
    center=st.floats(-2000, 2000),
    width=st.floats(1.5, 4000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_window_follows_the_formulas_of_the_standard(center: float, width: float, function: str) -> None:
    window = Window(center, width, function)  # type: ignore[arg-type]
    values = np.arange(-3000, 3000, 37, dtype=np.int16)
    expected = [by_the_standard(float(x), window) for x in values]
    np.testing.assert_allclose(apply_window(values, window), expected, atol=3e-4 if width < 10 else 3e-5)


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_window_agrees_with_pydicom(function: str) -> None:
    header = Dataset()
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsStored, header.PixelRepresentation = 16, 1
    header.WindowCenter, header.WindowWidth, header.VOILUTFunction = 40, 400, function
    header.RescaleSlope, header.RescaleIntercept = 1, 0
    values = np.arange(-500, 500, dtype=np.int16)
    # pydicom's output range is that of the 16 bits stored.
    expected = (apply_voi_lut(values, header) + 32768) / 65535
    window = Window(40, 400, function)  # type: ignore[arg-type]
    np.testing.assert_allclose(apply_window(values, window), expected, atol=1e-5)


def test_a_linear_window_of_width_one_is_a_step() -> None:
    # C.11.2.1.2.1: x <= c - 0.5 is black, above is white.
    shown = apply_window(np.array([9, 10, 11], dtype=np.int16), Window(10.5, 1))
    assert shown.tolist() == [0.0, 0.0, 1.0]


def test_a_narrow_window_far_from_zero_keeps_its_precision() -> None:
    values = np.array([1e9, 1e9 + 5, 1e9 + 10])
    np.testing.assert_allclose(apply_window(values, Window(1e9 + 5, 10, "LINEAR_EXACT")), [0, 0.5, 1], atol=1e-6)


def test_eight_bit_values_are_taken_as_windowed_already() -> None:
    values = np.arange(256, dtype=np.uint8)
    scan = image(values, units="8-bit", modality=Modality.XRAY)
    window, source = choose_window(scan, CONFIG)
    assert source == "8-bit"
    np.testing.assert_allclose(display_values(values, scan, window, CONFIG), values / 255, atol=1e-7)


@pytest.mark.parametrize(
    ("properties", "source", "center", "width"),
    [
        ({"anatomy": Anatomy.HEAD_AND_NECK}, "preset brain", 40, 80),
        ({"anatomy": Anatomy.HEAD_AND_NECK, "body_part": "NECK"}, "preset neck", 50, 350),
        ({"anatomy": Anatomy.CHEST}, "preset chest", -400, 1200),
        ({"anatomy": Anatomy.ABDOMEN_AND_PELVIS}, "preset abdomen", 50, 400),
        ({"anatomy": Anatomy.LOWER_LIMB}, "preset bone", 400, 1800),
        ({"body_part": "CHESTABDPELVIS"}, "preset body", 50, 400),
        ({}, "header", 300, 600),
    ],
)
def test_ct_is_windowed_by_body_part_then_anatomy_then_header(
    properties: dict[str, object], source: str, center: float, width: float
) -> None:
    scan = image([0, 1], modality=Modality.CT, units="HU", windows=(HEADER,), **properties)
    window, found = choose_window(scan, CONFIG)
    assert (found, window.center, window.width) == (source, center, width)


def test_a_ct_without_hounsfield_units_gets_no_preset() -> None:
    scan = image([0, 1], modality=Modality.CT, anatomy=Anatomy.HEAD_AND_NECK, windows=(HEADER,))
    assert choose_window(scan, CONFIG) == (HEADER, "header")
    assert presets_for(scan) == ()


def test_an_invalid_header_window_is_passed_over() -> None:
    scan = image([0, 1], modality=Modality.MRI, windows=(Window(10, 0), Window(float("nan"), 5), HEADER))
    assert choose_window(scan, CONFIG) == (HEADER, "header")


def test_a_model_of_stored_images_takes_eight_bits_before_the_header() -> None:
    scan = image([0, 1], units="8-bit", windows=(HEADER,))
    assert choose_window(scan, CONFIG)[1] == "header"
    assert choose_window(scan, replace(CONFIG, windowing="stored"))[1] == "8-bit"


def test_a_chosen_window_comes_first_and_must_have_a_width() -> None:
    scan = image([0, 1], modality=Modality.CT, units="HU", anatomy=Anatomy.CHEST)
    assert choose_window(scan, CONFIG, HEADER) == (HEADER, "chosen")
    with pytest.raises(ConfigError, match="width"):
        choose_window(scan, CONFIG, Window(40, 0))


def test_percentiles_leave_out_background_and_padding() -> None:
    anatomy = np.linspace(100, 200, 1001)
    values = np.concatenate([np.zeros(5000), np.full(5000, -2000.0), anatomy, [np.nan, np.inf]])
    window, source = choose_window(image(values, modality=Modality.MRI, padding=(-2000, -2000)), CONFIG)
    assert source == "percentiles"
    # 0.5 % and 99.5 % of 100 to 200, evenly filled.
    assert window.center - window.width / 2 == pytest.approx(100.5)
    assert window.center + window.width / 2 == pytest.approx(199.5)


def test_one_bright_voxel_does_not_darken_the_scan() -> None:
    values = np.linspace(0, 100, 100_000).reshape(250, 400)
    values[0, 0] = 1e6
    window, _ = choose_window(image(values), CONFIG)
    assert window.center + window.width / 2 < 101


def test_a_constant_scan_is_black() -> None:
    scan = image(np.full((4, 4), 7.0))
    window, _ = choose_window(scan, CONFIG)
    assert display_values(scan.voxels, scan, window, CONFIG).max() == 0


def test_a_scan_without_any_value_is_refused_by_name() -> None:
    with pytest.raises(CaseError, match="scan a"):
        choose_window(image(np.full((4, 4), np.nan)), CONFIG)


def test_inverted_scans_are_inverted_after_the_window_and_no_data_is_black() -> None:
    values = np.array([[0.0, 25.0, 100.0, np.nan, -9.0]])
    scan = image(values, inverted=True, padding=(-9, -9))
    shown = display_values(values, scan, Window(50, 100, "LINEAR_EXACT"), CONFIG)
    np.testing.assert_allclose(shown, [[1.0, 0.75, 0.0, 0.0, 0.0]], atol=1e-6)
    unmasked = display_values(values, scan, Window(50, 100, "LINEAR_EXACT"), replace(CONFIG, mask_padding=False))
    assert unmasked[0, 4] == 1.0


def test_infinite_values_are_black_and_white() -> None:
    values = np.array([[-np.inf, np.inf]])
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        window = Window(0, 10, function)  # type: ignore[arg-type]
        assert display_values(values, image(values), window, CONFIG).tolist() == [[0.0, 1.0]]


def test_quantising_gives_what_an_8_bit_cache_holds() -> None:
    """After resampling, so that a trainer's cache of bytes and the engine hold the same numbers."""
    values = np.random.default_rng(0).random((50, 70))
    config = replace(CONFIG, quantise_8bit=True, image_size_px=32)
    window = Window(0.5, 1, "LINEAR_EXACT")
    exact = prepare_scan(image(values), replace(config, quantise_8bit=False), window=window).voxels
    rounded = prepare_scan(image(values), config, window=window).voxels
    as_bytes = np.rint(exact * 255).astype(np.uint8)
    np.testing.assert_array_equal(rounded, as_bytes.astype(np.float32) / np.float32(255))
    assert not np.array_equal(rounded, exact)
