"""Cases mixed before the fusion are the cases that a person would have put together."""

from __future__ import annotations

import torch

from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_train.training.case_mixing import MOST_PARTNERS, FusionInput, mix_cases

NORMAL = 2


def cases(known: bool = False) -> tuple[FusionInput, torch.Tensor]:
    """Six cases of three anatomies; the class "Normal" is the last."""
    torch.manual_seed(0)
    mask = torch.tensor([[True, False], [True, True]] * 3)
    targets = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1]])
    known_BK = (torch.rand(6, 3) < 0.7).float() if known else None
    given = FusionInput(torch.rand(6, 2, 4), torch.arange(12).view(6, 2), mask, targets, known_BK)
    return given, torch.tensor([0, 1, 2, 0, 1, 2])


def test_labels_are_joined_and_normal_needs_all_to_be() -> None:
    given, anatomies = cases(known=True)
    assert given.known_BK is not None
    added = 0
    for seed in range(20):
        mixed = mix_cases(given, anatomies, NORMAL, 0.7, torch.Generator().manual_seed(seed))
        assert mixed.known_BK is not None
        assert mixed.mask_BS.shape == (6, 2 * (1 + MOST_PARTNERS))
        for case in range(6):
            # The modality ids of the made-up scans say whose they are.
            members = {int(i) // 2 for i in mixed.modality_ids_BS[case][mixed.mask_BS[case]]}
            others = members - {case}
            added += len(others)
            assert case in members and all(anatomies[other] != anatomies[case] for other in others)
            assert mixed.mask_BS[case].sum() >= given.mask_BS[sorted(members)].sum()
            rows = given.targets_BK[sorted(members)]
            assert torch.equal(mixed.targets_BK[case, :NORMAL], rows[:, :NORMAL].amax(0))
            assert mixed.targets_BK[case, NORMAL] == rows[:, NORMAL].min()
            assert torch.equal(mixed.known_BK[case], given.known_BK[sorted(members)].prod(0))
    assert added > 40


def test_a_probability_of_0_adds_nobody() -> None:
    given, anatomies = cases()
    mixed = mix_cases(given, anatomies, NORMAL, 0.0, torch.Generator())
    assert mixed.mask_BS.sum() == given.mask_BS.sum() and torch.equal(mixed.targets_BK, given.targets_BK)


def test_mixing_embeddings_gives_the_logits_of_the_cases_put_together() -> None:
    config = NetworkConfig(
        embedding_width=16,
        classes=3,
        resnet=ResNetConfig(normalisation_depth=10, shared_depth=10, normalisation_width=2, shared_width=2),
        fusion=FusionConfig(layers=1, heads=2),
    )
    network = RadDiag(config).eval()
    torch.manual_seed(0)
    first, second = (NetworkScan(torch.rand(32, 32), False, number) for number in (1, 2))
    batch = pack([[first], [second]], config)
    alone = FusionInput(network.encode(batch), batch.modality_ids_BS, batch.mask_BS, torch.zeros(2, 3), None)
    generator = torch.Generator()
    for seed in range(50):
        mixed = mix_cases(alone, torch.tensor([0, 1]), None, 0.99, generator.manual_seed(seed))
        if mixed.mask_BS[0].sum() == 2:
            break
    logits = network.diagnose(mixed.embeddings_BSC, mixed.modality_ids_BS, mixed.mask_BS)
    torch.testing.assert_close(logits[0], network(pack([[first, second]], config))[0])
