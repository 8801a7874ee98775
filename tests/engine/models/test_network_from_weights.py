"""A network is built for its weights without drawing others first."""

from __future__ import annotations

import torch
from torch import nn

from raddiag_engine.models.network_from_weights import _Undrawn


def test_initial_weights_are_zero_whatever_the_memory_held() -> None:
    held = nn.Parameter(torch.full((64,), 1e9))
    with _Undrawn():
        # Redraws what lies beyond its bounds: on undefined memory it never ended.
        nn.init.trunc_normal_(held, std=0.02)
        assert not held.any()
        for draw in (nn.init.kaiming_normal_, nn.init.kaiming_uniform_, nn.init.xavier_uniform_, nn.init.normal_):
            weight = nn.Parameter(torch.full((8, 8), 1e9))
            draw(weight)
            assert not weight.any()
