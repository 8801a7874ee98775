"""The network's configuration: data, stored in the model card. Free of torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from raddiag_engine.configuration import require_counts

EncoderKind = Literal["resnet", "vit", "slice_attention"]
FusionKind = Literal["transformer", "random", "max", "mean"]
HeadKind = Literal["linear", "mlp", "knowledge"]
ResNetDepth = Literal[10, 18, 34]


@dataclass(frozen=True)
class ResNetConfig:
    """Visual encoder of two parts (section 4.2.1, Table 2): normalisation modules and a shared encoder.

    Attributes:
        normalisation_depth: ResNet-18 or 34 of the separate 2D and 3D normalisation modules; 10 is a small one.
        shared_depth: Depth of the shared encoder.
        normalisation_width: Channels of the first of the four stages of a normalisation module (64 in the paper).
        shared_width: Channels of the first stage of the shared encoder.
        normalisation_strides: In-plane stride of the four stages, after a stem and a pool that shrink by 4 together.
        depth_strides: Depth stride of stem, pool and the four stages of the 3D normalisation module.
        shared_strides: Stride of the four stages of the shared encoder.
        stem_kernel_depth: Slices seen by the first 3D convolution.
    """

    normalisation_depth: ResNetDepth = 18
    shared_depth: ResNetDepth = 18
    normalisation_width: int = 64
    shared_width: int = 64
    normalisation_strides: tuple[int, int, int, int] = (1, 2, 1, 1)
    depth_strides: tuple[int, int, int, int, int, int] = (1, 1, 1, 2, 1, 1)
    shared_strides: tuple[int, int, int, int] = (1, 2, 2, 1)
    stem_kernel_depth: int = 3

    def __post_init__(self) -> None:
        require_counts(self)


@dataclass(frozen=True)
class ViTConfig:
    """Visual encoder of patches (section 4.2.1, Table 2).

    Attributes:
        mlp_layers: 2 or 4, of the projection of a patch or cube.
        layers: 6 or 12, of the shared transformer.
        heads: Attention heads.
        patch_px: Edge of a 2D patch.
        cube_px: Edge of a 3D cube in the slice.
        cube_slices: Slices of a 3D cube.
        image_size_px: Height and width that the 2D positions cover.
        volume_size_px: Height and width that the 3D positions cover.
        volume_depth: Slices that the 3D positions cover.
    """

    mlp_layers: int = 2
    layers: int = 6
    heads: int = 8
    patch_px: int = 32
    cube_px: int = 32
    cube_slices: int = 4
    image_size_px: int = 512
    volume_size_px: int = 512
    volume_depth: int = 16

    def __post_init__(self) -> None:
        require_counts(self)
        for part, whole in (
            ("patch_px", "image_size_px"),
            ("cube_px", "volume_size_px"),
            ("cube_slices", "volume_depth"),
        ):
            if getattr(self, part) > getattr(self, whole):
                raise ValueError(f"{part} is {getattr(self, part)}, more than {whole}, {getattr(self, whole)}")


@dataclass(frozen=True)
class SliceAttentionConfig:
    """The released visual encoder: a ResNet-50 a slice, then attention over slices.

    Attributes:
        width: Channels of the first stage (64 in the release, embedding 2048).
        blocks: Bottleneck blocks of the four stages.
        max_slices: Slices the learned positions cover, without the cls token.
    """

    width: int = 64
    blocks: tuple[int, int, int, int] = (3, 4, 6, 3)
    max_slices: int = 32

    def __post_init__(self) -> None:
        require_counts(self)


@dataclass(frozen=True)
class FusionConfig:
    """How the scans of a case become one embedding (section 4.2.2 and the supplement's baselines).

    Attributes:
        kind: "transformer", or "random", "max" or "mean" over the scan-level predictions.
        layers: Transformer layers (6 in the paper, 2 in the release).
        heads: Attention heads.
        modalities: Size of the table of learned modality embeddings.
        block: "pre_norm" (the paper's, in the usual form) or "released" (attention on the un-normalised input).
        dropout: In training only.
    """

    kind: FusionKind = "transformer"
    layers: int = 6
    heads: int = 8
    modalities: int = 10
    block: Literal["pre_norm", "released"] = "pre_norm"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        require_counts(self)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}, but must be at least 0 and below 1")


@dataclass(frozen=True)
class HeadConfig:
    """The classifier (section 4.3).

    Attributes:
        kind: "linear"; "mlp", the released Linear-GELU-Linear; "knowledge", frozen text embeddings.
        text_width: Width of the text embeddings of a knowledge head.
        similarity: Of a knowledge head: "dot" as in the paper, or "cosine" with a learned temperature.
        disorder_bias: Of a knowledge head: a learned number for each disorder, added to its logit, which takes up how
            frequent it is; None means with "cosine" only, as the paper's dot product has none.
    """

    kind: HeadKind = "linear"
    text_width: int = 768
    similarity: Literal["dot", "cosine"] = "dot"
    disorder_bias: bool | None = None

    def __post_init__(self) -> None:
        require_counts(self)

    @property
    def has_disorder_bias(self) -> bool:
        """True if a knowledge head adds a number of its own to each disorder's logit."""
        return self.similarity == "cosine" if self.disorder_bias is None else self.disorder_bias


@dataclass(frozen=True)
class NetworkConfig:
    """The whole network.

    Attributes:
        encoder: Which visual encoder; only its own configuration is used.
        embedding_width: Width d of scan and case embeddings.
        input_channels: Grey is repeated to this many channels.
        classes: Number of disorders, Normal included.
        tokens_per_scan: Tokens that the fusion module gets of a scan (1 in the paper): the cells of a grid over the
            last feature map, or runs of slices for the slice_attention encoder.
    """

    encoder: EncoderKind = "resnet"
    embedding_width: int = 512
    input_channels: int = 1
    classes: int = 5569
    tokens_per_scan: int = 1
    resnet: ResNetConfig = field(default_factory=ResNetConfig)
    vit: ViTConfig = field(default_factory=ViTConfig)
    slice_attention: SliceAttentionConfig = field(default_factory=SliceAttentionConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    head: HeadConfig = field(default_factory=HeadConfig)

    def __post_init__(self) -> None:
        require_counts(self)
        # Only of the parts that are built: the others keep their defaults, whatever the width.
        if self.encoder == "vit":
            self._require_division("vit.heads", self.vit.heads)
        if self.fusion.kind == "transformer":
            self._require_division("fusion.heads", self.fusion.heads)
        elif self.tokens_per_scan > 1:
            raise ValueError(f'tokens_per_scan is for the fusion "transformer"; {self.fusion.kind!r} pooling takes 1')

    @property
    def scan_embedding_width(self) -> int:
        """Width of the embedding of a scan: its tokens, side by side."""
        return self.tokens_per_scan * self.embedding_width

    def _require_division(self, name: str, heads: int) -> None:
        if self.embedding_width % heads:
            raise ValueError(f"{name} is {heads}, which does not divide embedding_width, {self.embedding_width}")
