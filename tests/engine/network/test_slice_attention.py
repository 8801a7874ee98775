"""The released encoder's stacks of slices."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.network.packing import NetworkScan, distinct_slices, pack
from tests.engine.network.small_networks import image, small_config, small_network, volume


def repeated(scan: NetworkScan, times: int) -> NetworkScan:
    return NetworkScan(scan.voxels.expand(times, -1, -1).contiguous(), False, scan.modality_id)


def test_equal_slices_are_computed_once_and_attended_to_as_three() -> None:
    network = small_network(small_config("slice_attention"))
    scan = repeated(image(1), 3)
    batch = pack([[scan]], network.config)
    assert len(batch.groups[0].voxels) == 1
    computed: list[int] = []
    network.encoder.resnet.register_forward_hook(lambda _, inputs, __: computed.append(len(inputs[0])))
    with torch.no_grad():
        embedding_1C = network.encode(batch)[0]
        assert computed == [1]
        maps_LChw = network.encoder.resnet(scan.voxels[:, None].expand(-1, 3, -1, -1))
        every_slice_1C = network.encoder.projection(
            network.encoder.attention(maps_LChw.mean((2, 3))[None], torch.ones(1, 3, dtype=torch.bool))
        )
    torch.testing.assert_close(embedding_1C, every_slice_1C, atol=1e-5, rtol=1e-5)
    one_slice_1C = network.encode_scans([image(1)], 1)
    assert (one_slice_1C - embedding_1C).abs().max() > 1e-4


def test_no_empty_slice_reaches_the_resnet() -> None:
    network = small_network(small_config("slice_attention"))
    computed: list[int] = []
    network.encoder.resnet.register_forward_hook(lambda _, inputs, __: computed.append(len(inputs[0])))
    network.encode(pack([[volume(1, slices=2), volume(2, slices=6)], [volume(3, slices=3)]], network.config))
    assert computed == [11]


@pytest.mark.parametrize(
    ("pattern", "expected"), [("aab", [0, 0, 1]), ("aba", [0, 1, 2]), ("a", [0]), ("aaa", [0, 0, 0])]
)
def test_distinct_slices_restore_the_stack(pattern: str, expected: list[int]) -> None:
    stack_LHW = torch.stack([torch.full((2, 2), float(ord(letter))) for letter in pattern])
    distinct_MHW, index = distinct_slices(stack_LHW)
    assert index == expected and len(distinct_MHW) == expected[-1] + 1
    assert torch.equal(distinct_MHW[index], stack_LHW)


def test_attention_over_slices_is_a_share_of_one_and_zero_beyond_the_scan() -> None:
    network = small_network(small_config("slice_attention"))
    group = pack([[volume(1, slices=2), volume(2, slices=6)]], network.config).groups[0]
    with torch.no_grad():
        attention_NL = network.encoder.attend(group)
    assert attention_NL.shape == (2, 6)
    assert (attention_NL[0, 2:] == 0).all() and (attention_NL[0, :2] > 0).all() and (attention_NL[1] > 0).all()
    assert (attention_NL.sum(1) < 1).all()


def test_a_deeper_neighbour_in_the_batch_changes_nothing() -> None:
    network = small_network(small_config("slice_attention"))
    shallow, deep = volume(1, slices=2), volume(2, slices=6)
    with torch.no_grad():
        together = network.encode(pack([[shallow, deep]], network.config))[0, 0]
        alone = network.encode(pack([[shallow]], network.config))[0, 0]
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
