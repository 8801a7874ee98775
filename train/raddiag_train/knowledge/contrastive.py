"""The objective of pre-training (equation 4 of the paper), with the positive in the denominator.

As printed, equation 4 sums over the negatives alone: -log(exp(f f+ / t) / sum exp(f f- / t)) has no lower bound, as the
positive can be drawn in and the negatives pushed off for ever. With the positive in the sum, as in InfoNCE, it is the
cross entropy of picking the positive, and never below zero.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def contrastive_loss(terms_BW: Tensor, texts_CW: Tensor, negative_BC: Tensor, temperature: float) -> Tensor:
    """Mean over the terms of -log(exp(f f+ / t) / (exp(f f+ / t) + sum over negatives of exp(f f- / t))).

    Args:
        terms_BW: Vectors of the terms, of length 1.
        texts_CW: Vectors of the texts, C >= B; the positive of term b is text b.
        negative_BC: True where text c is a negative of term b; the positive must not be.
        temperature: Above 0; the smaller, the more the nearest negatives count.
    """
    logits_BC = terms_BW.float() @ texts_CW.float().T / temperature
    positives = torch.arange(len(terms_BW), device=terms_BW.device)
    takes_part_BC = negative_BC.clone()
    takes_part_BC[positives, positives] = True
    return functional.cross_entropy(logits_BC.masked_fill(~takes_part_BC, -torch.inf), positives)


def sampled_negatives(allowed_BC: Tensor, own_BC: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """At most `count` negatives of each term, its own hard ones first and the others by chance: (B, C).

    Args:
        allowed_BC: True where a text may be a negative of a term.
        own_BC: True for the hard negatives that were made for the term.
        count: N of equation 4; 0 takes all.
        generator: On the CPU.
    """
    if count == 0 or count >= allowed_BC.shape[1]:
        return allowed_BC
    lots_BC = torch.rand(allowed_BC.shape, generator=generator).to(allowed_BC.device) + own_BC.float()
    lots_BC = lots_BC.masked_fill(~allowed_BC, -1.0)
    chosen_BC = torch.zeros_like(allowed_BC).scatter_(1, lots_BC.topk(count, 1).indices, True)
    return chosen_BC & allowed_BC
