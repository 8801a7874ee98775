"""BiomedCLIP, a baseline: pictures and texts in one space (Zhang et al. 2025, NEJM AI; MIT licence).

A ViT-B/16 and PubMedBERT, each projected to 512 numbers, under the names of the published file. Written from its
documented architecture; the published weights themselves could not be fetched where this was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from raddiag_engine.diagnosis.device import place
from raddiag_engine.errors import ModelError
from raddiag_train.data.records import NORMAL, CaseRecord
from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.experiments.zero_shot.answers import Answers
from raddiag_train.experiments.zero_shot.bert import Bert
from raddiag_train.experiments.zero_shot.label_mapping import Label
from raddiag_train.experiments.zero_shot.pictures import picture_batches
from raddiag_train.experiments.zero_shot.vision_transformer import VisionTransformer
from raddiag_train.experiments.zero_shot.weights_file import fill, of_hub, read_weights
from raddiag_train.experiments.zero_shot.word_pieces import WordPieces

REPOSITORY = "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"
WEIGHTS, VOCABULARY = "open_clip_pytorch_model.bin", "vocab.txt"
HUB = "hub"
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
MOST_TOKENS = 256
PROMPT = "this is a photo of {}"
NORMAL_TEXT = "a normal {} without abnormality"


class PictureEncoder(nn.Module):
    """Pictures into the common space.

    Args:
        trunk: Pictures to the cls token.
        width: Of the trunk.
        space: Of the common space.
    """

    def __init__(self, trunk: VisionTransformer, width: int, space: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = nn.ModuleDict({"proj": nn.Linear(width, space, bias=False)})

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        """To embeddings_NC of length 1."""
        return F.normalize(self.head["proj"](self.trunk(pictures_N3HW)), dim=-1)


class TextEncoder(nn.Module):
    """Word pieces into the common space, from the first token.

    Args:
        transformer: Word pieces to hidden states.
        width: Of the transformer.
        space: Of the common space.
    """

    def __init__(self, transformer: Bert, width: int, space: int) -> None:
        super().__init__()
        middle = (width + space) // 2
        self.transformer = transformer
        self.proj = nn.Sequential(nn.Linear(width, middle, bias=False), nn.GELU(), nn.Linear(middle, space, bias=False))

    def forward(self, ids_NT: Tensor, mask_NT: Tensor) -> Tensor:
        """To embeddings_NC of length 1."""
        return F.normalize(self.proj(self.transformer(ids_NT, mask_NT)[:, 0]), dim=-1)


class BiomedClip(nn.Module):
    """Both encoders, and what cosines are multiplied with.

    Args:
        vision: Pictures to the cls token.
        text: Word pieces to hidden states.
        width: Of both encoders.
        space: Of the common space.
    """

    def __init__(self, vision: VisionTransformer, text: Bert, width: int = 768, space: int = 512) -> None:
        super().__init__()
        self.size_px = vision.size_px
        self.visual = PictureEncoder(vision, width, space)
        self.text = TextEncoder(text, width, space)
        self.logit_scale = nn.Parameter(torch.tensor(0.0))


def load_biomedclip(place_: str) -> tuple[BiomedClip, WordPieces]:
    """The network and its word pieces.

    Args:
        place_: The weights' file or its folder, with vocab.txt beside it; or "hub".

    Raises:
        ModelError: It is missing, or no BiomedCLIP.
    """
    if place_ == HUB:
        weights, vocabulary = of_hub(REPOSITORY, WEIGHTS), of_hub(REPOSITORY, VOCABULARY)
    else:
        given = Path(place_)
        weights = given / WEIGHTS if given.is_dir() else given
        vocabulary = weights.with_name(VOCABULARY)
    pieces, state = WordPieces.read(vocabulary), read_weights(weights)
    network = network_for(state, weights)
    fill(network, state, weights, "BiomedCLIP")
    return network.eval(), pieces


def network_for(state: dict[str, Tensor], source: Path) -> BiomedClip:
    """A network of the sizes that the weights have; a head is 64 wide.

    Raises:
        ModelError: They are of something else.
    """
    try:
        words = state["text.transformer.embeddings.word_embeddings.weight"]
        positions = state["text.transformer.embeddings.position_embeddings.weight"]
        patches, places = state["visual.trunk.patch_embed.proj.weight"], state["visual.trunk.pos_embed"]
        space = len(state["visual.head.proj.weight"])
    except KeyError as error:
        raise ModelError(f"{source}: no weights of BiomedCLIP: {error} is missing") from error
    width, patch_px = patches.shape[0], patches.shape[-1]
    size_px = round((places.shape[1] - 1) ** 0.5) * patch_px
    heads = max(1, width // 64)
    vision = VisionTransformer(width, _layers(state, "visual.trunk.blocks."), heads, patch_px, size_px)
    text = Bert(len(words), words.shape[1], _layers(state, "text.transformer.encoder.layer."), heads, len(positions))
    return BiomedClip(vision, text, width, space)


@torch.no_grad()
def biomedclip_answers(
    network: BiomedClip, pieces: WordPieces, records: Sequence[CaseRecord], labels: Sequence[Label], device: str
) -> Answers:
    """Each label against the text of a normal picture where the set has several labels a case, else against the others.

    A label is called where it is more probable than not or, in a set of one label a case, the most probable. Of a case
    with several pictures, the mean of their probabilities counts.
    """
    placement = place(device)
    network.to(placement.device)
    ids_NT, mask_NT = pieces.encode([text_of(label, records) for label in labels], MOST_TOKENS)
    texts_LC = network.text(ids_NT.to(placement.device), mask_NT.to(placement.device))
    ids_1T, mask_1T = pieces.encode([text_of(Label(NORMAL), records)], MOST_TOKENS)
    normal_1C = network.text(ids_1T.to(placement.device), mask_1T.to(placement.device))
    single = all(len(record.disorders) == 1 for record in records)
    sums_NL, counts_N = np.zeros((len(records), len(labels))), np.zeros(len(records))
    set_aside: list[SetAside] = []
    for owners, pictures in picture_batches(records, network.size_px, MEAN, STD, set_aside):
        seen_NC = network.visual(pictures.to(placement.device))
        logits_NL = network.logit_scale.exp() * seen_NC @ texts_LC.T
        if single:
            found_NL = logits_NL.softmax(1)
        else:
            found_NL = torch.sigmoid(logits_NL - network.logit_scale.exp() * seen_NC @ normal_1C.T)
        np.add.at(sums_NL, owners, found_NL.double().cpu().numpy())
        np.add.at(counts_N, owners, 1)
    scores_NL = sums_NL / counts_N[:, None]
    if single:
        return Answers(scores_NL, scores_NL == scores_NL.max(1, keepdims=True), tuple(set_aside))
    normal_L = np.array([label.name == NORMAL for label in labels])
    called_NL = (scores_NL > 0.5) & ~normal_L
    scores_NL = np.where(normal_L, 1 - np.where(normal_L, 0, scores_NL).max(1, keepdims=True), scores_NL)
    called_NL = np.where(normal_L, ~called_NL.any(1, keepdims=True), called_NL)
    return Answers(scores_NL, called_NL, tuple(set_aside))


def text_of(label: Label, records: Sequence[CaseRecord]) -> str:
    """The text that a label is compared by."""
    modality = str(records[0].scans[0].modality)
    picture = modality if modality != "unknown" else "radiograph"
    return PROMPT.format(NORMAL_TEXT.format(picture) if label.name == NORMAL else label.name.lower())


def _layers(state: dict[str, Tensor], prefix: str) -> int:
    return len({name.removeprefix(prefix).partition(".")[0] for name in state if name.startswith(prefix)})


def weights_key(network: BiomedClip) -> str:
    """Digest of the weights."""
    digest = hashlib.sha256()
    for tensor in network.state_dict().values():
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()
