"""Numbers that do not belong together are refused as they are read, by name, and not by torch later."""

from __future__ import annotations

from typing import Any

import pytest

from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError
from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"embedding_width": 0}, "embedding_width is 0"),
        ({"classes": -1}, "classes is -1"),
        ({"fusion": {"heads": 7}}, "fusion.heads is 7, which does not divide embedding_width, 512"),
        ({"fusion": {"heads": 0}}, "network.fusion: heads is 0"),
        ({"fusion": {"layers": 0}}, "layers is 0"),
        ({"fusion": {"dropout": 1.0}}, "dropout is 1.0"),
        ({"encoder": "vit", "vit": {"heads": 7}}, "vit.heads is 7"),
        ({"vit": {"patch_px": 1024}}, "patch_px is 1024, more than image_size_px, 512"),
        ({"vit": {"cube_slices": 17}}, "more than volume_depth"),
        ({"resnet": {"shared_strides": [1, 2, 2, 0]}}, "shared_strides"),
        ({"resnet": {"shared_strides": [1, 2, 2]}}, "expected 4 values"),
        ({"resnet": {"stem_kernel_depth": 0}}, "stem_kernel_depth is 0"),
        ({"slice_attention": {"max_slices": 0}}, "max_slices is 0"),
        ({"head": {"text_width": 0}}, "text_width is 0"),
    ],
)
def test_a_number_that_builds_no_network_is_named(data: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        from_mapping(NetworkConfig, data, "network")
    assert words in str(error.value)
    assert "network" in str(error.value)


def test_parts_that_are_not_built_do_not_have_to_fit() -> None:
    assert NetworkConfig(embedding_width=30, fusion=FusionConfig(heads=5)).vit.heads == 8
    assert NetworkConfig(embedding_width=30, fusion=FusionConfig("mean")).fusion.heads == 8


def test_a_tuple_of_another_length_is_refused_in_python_too() -> None:
    with pytest.raises(ValueError, match="shared_strides must hold 4 numbers, not 3"):
        ResNetConfig(shared_strides=(1, 2, 2))  # type: ignore[arg-type]
