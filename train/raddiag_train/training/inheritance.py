"""A network that starts from the weights of a trained model: for fine-tuning, and for training in stages."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from raddiag_engine.errors import ConfigError
from raddiag_engine.models.folder import load_model
from raddiag_engine.models.registry import find_model
from raddiag_engine.network.head import KnowledgeHead, LinearHead
from raddiag_engine.network.model import RadDiag


@torch.no_grad()
def inherit_weights(network: RadDiag, disorders: Sequence[str], model: str, encoder_sha256: str = "") -> None:
    """Copy the weights of a model; the classifier's last rows go by the disorders' names, new disorders keep theirs.

    Of a knowledge head, the map from text to the case embedding is taken whole where the same encoder made the text;
    so new disorders start from what their text says. Their bias is their own. After a linear head, a knowledge head
    with a dot product starts at the map of least norm that turns the disorders' text into the linear head's rows.

    Args:
        network: Of the same encoder and fusion as the model; changed in place.
        disorders: Names of its classes, in the order of the logits.
        model: Name or folder of the model.
        encoder_sha256: Of the knowledge encoder of a network with a knowledge head.

    Raises:
        ModelError: There is no such model, or it is damaged.
        ConfigError: Its encoder or fusion is another one.
    """
    ancestor = load_model(find_model(model))
    theirs, ours = ancestor.network.state_dict(), network.state_dict()
    differing = sorted(
        name
        for name in ours.keys() | theirs.keys()
        if not _of_classifier(name) and _shape(ours, name) != _shape(theirs, name)
    )
    if differing:
        raise ConfigError(
            f"optimisation.initial_model: {model} has another encoder or fusion (such as {differing[0]}); "
            "give the recipe the model's [network]"
        )
    index_of = {disorder.name: k for k, disorder in enumerate(ancestor.card.disorders)}
    shared = [(k, index_of[name]) for k, name in enumerate(disorders) if name in index_of]
    if isinstance(network.head, KnowledgeHead) or isinstance(ancestor.network.head, KnowledgeHead):
        for name, tensor in ours.items():
            if not _of_classifier(name):
                tensor.copy_(theirs[name])
        card = ancestor.card.knowledge_encoder
        if card is not None and card.sha256 == encoder_sha256:
            _inherit_knowledge(network.head, ancestor.network.head, shared)
        elif isinstance(network.head, KnowledgeHead) and isinstance(ancestor.network.head, LinearHead):
            _fit_text_map(network.head, ancestor.network.head.linear, shared)
        return
    last = _last_layer_name(network)
    for name, tensor in ours.items():
        if not _of_classifier(name) or (name.rpartition(".")[0] != last and _shape(ours, name) == _shape(theirs, name)):
            tensor.copy_(theirs[name])
    mine, parents = _last_layer(network), _last_layer(ancestor.network)
    if shared and mine.weight.shape[1:] == parents.weight.shape[1:]:
        rows, parent_rows = (torch.tensor(column, device=mine.weight.device) for column in zip(*shared, strict=True))
        for own, parent in ((mine.weight, parents.weight), (mine.bias, parents.bias)):
            own[rows] = parent.to(own.device)[parent_rows]


def _inherit_knowledge(mine: nn.Module, theirs: nn.Module, shared: Sequence[tuple[int, int]]) -> None:
    """Map, temperature and, by name, biases; the text is the same already."""
    if not (isinstance(mine, KnowledgeHead) and isinstance(theirs, KnowledgeHead)) or mine.cosine != theirs.cosine:
        return
    mine.text_map.load_state_dict(theirs.text_map.state_dict())
    if mine.cosine:
        mine.log_temperature.copy_(theirs.log_temperature)
    if mine.bias_K is not None and theirs.bias_K is not None and shared:
        rows, their_rows = (list(column) for column in zip(*shared, strict=True))
        mine.bias_K[rows] = theirs.bias_K[their_rows].to(mine.bias_K.device)


def _fit_text_map(mine: KnowledgeHead, theirs: nn.Linear, shared: Sequence[tuple[int, int]]) -> None:
    """Least squares from text to the rows of a linear head; exact where the texts are linearly independent."""
    if mine.cosine or not shared:
        return
    rows, their_rows = (list(column) for column in zip(*shared, strict=True))
    text_KT, row_KC = (
        mine.text_embeddings_KT[rows].double(),
        theirs.weight[their_rows].to(mine.text_map.weight).double(),
    )
    mean_text_T, mean_row_C = text_KT.mean(0), row_KC.mean(0)
    map_TC = torch.linalg.pinv(text_KT - mean_text_T, rtol=1e-6) @ (row_KC - mean_row_C)
    mine.text_map.weight.copy_(map_TC.T)
    mine.text_map.bias.copy_(mean_row_C - mean_text_T @ map_TC)
    if mine.bias_K is not None:
        mine.bias_K[rows] = theirs.bias[their_rows].to(mine.bias_K)


def _of_classifier(name: str) -> bool:
    return name.startswith("head.")


def _shape(tensors: dict[str, torch.Tensor], name: str) -> tuple[int, ...] | None:
    return tuple(tensors[name].shape) if name in tensors else None


def _last_layer_name(network: RadDiag) -> str:
    return [name for name, module in network.named_modules() if _of_classifier(name) and isinstance(module, nn.Linear)][
        -1
    ]


def _last_layer(network: RadDiag) -> nn.Linear:
    return [module for module in network.head.modules() if isinstance(module, nn.Linear)][-1]
