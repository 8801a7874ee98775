"""The paper's ViT encoder: patches or cubes, an MLP and positions for each, a shared transformer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from raddiag_engine.errors import ModelError
from raddiag_engine.network.config import NetworkConfig, ViTConfig
from raddiag_engine.network.packing import NetworkScan, ScanGroup
from raddiag_engine.network.scan_tokens import grid_tokens
from raddiag_engine.network.transformer import TransformerEncoder


class PatchEmbedding(nn.Module):
    """Non-overlapping patches or cubes, projected by an MLP, plus learned positions.

    Args:
        patch: Size of a patch (row, column) or of a cube (slice, row, column).
        grid: Patches along each axis that the positions cover; they are interpolated for another grid.
        channels: Of the input.
        width: Of a token.
        mlp_layers: Linear layers of the projection, with GELU between them.
    """

    def __init__(
        self, patch: tuple[int, ...], grid: tuple[int, ...], channels: int, width: int, mlp_layers: int
    ) -> None:
        super().__init__()
        self.patch = patch
        layers: list[nn.Module] = [nn.Linear(channels * torch.Size(patch).numel(), width)]
        for _ in range(mlp_layers - 1):
            layers += [nn.GELU(), nn.Linear(width, width)]
        self.mlp = nn.Sequential(*layers)
        self.positions = nn.Parameter(torch.empty(1, width, *grid))
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, voxels: Tensor) -> Tensor:
        """(N, channels, [D,] H, W) to tokens on their grid, (N, C, [d,] h, w).

        Raises:
            ModelError: The size is not a multiple of the patch.
        """
        sizes = tuple(voxels.shape[2:])
        if any(size % edge for size, edge in zip(sizes, self.patch, strict=True)):
            raise ModelError(f"a scan of {sizes} cannot be cut into patches of {self.patch}; prepare it at a multiple")
        for axis, edge in enumerate(self.patch):
            voxels = voxels.unflatten(2 + 2 * axis, (-1, edge))
        axes = len(self.patch)
        grid_axes, patch_axes = range(2, 2 + 2 * axes, 2), range(3, 3 + 2 * axes, 2)
        patches = voxels.permute(0, *grid_axes, 1, *patch_axes).flatten(1 + axes)
        return self.mlp(patches).movedim(-1, 1) + self._positions(patches.shape[1 : 1 + axes])

    def _positions(self, grid: torch.Size) -> Tensor:
        if self.positions.shape[2:] == grid:
            return self.positions
        mode = "bilinear" if len(grid) == 2 else "trilinear"
        return F.interpolate(self.positions, grid, mode=mode)


class ViTEncoder(nn.Module):
    """Section 4.2.1, "ViT"; the embedding is the mean of the normalised output tokens, or of each cell of a grid."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.input_channels = config.input_channels
        self.tokens = config.tokens_per_scan
        self.patches_2d = _image_patches(config.vit, config.input_channels, config.embedding_width)
        self.cubes_3d = _volume_cubes(config.vit, config.input_channels, config.embedding_width)
        self.shared = TransformerEncoder(config.embedding_width, config.vit.layers, config.vit.heads)

    def forward(self, group: ScanGroup, chunk: int | None = None) -> Tensor:
        """Encode the images (N, 1, H, W) or volumes (N, 1, D, H, W) of a group.

        Args:
            group: From `pack`.
            chunk: Without meaning here: the group is computed at once.

        Returns:
            embeddings_NC.
        """
        return self.embed_features(self.group_features(group))

    def group_features(self, group: ScanGroup) -> Tensor:
        """Output tokens on their grid: (N, C, h, w) of images, (N, C, d, h, w) of volumes."""
        return self._tokens(group.voxels)

    def spatial_features(self, scan: NetworkScan) -> Tensor:
        """Output tokens on their grid: (1, C, h, w) of an image, (1, C, d, h, w) of a volume."""
        return self._tokens(scan.voxels[None, None])

    def embed_features(self, features: Tensor) -> Tensor:
        """(N, C, h, w) or (N, C, d, h, w) to embeddings_NC."""
        if self.tokens == 1:
            return features.flatten(2).mean(2)
        return grid_tokens(features.mean(2) if features.ndim == 5 else features, self.tokens).flatten(1)

    def _tokens(self, voxels: Tensor) -> Tensor:
        embedding = self.patches_2d if voxels.ndim == 4 else self.cubes_3d
        tokens = embedding(voxels.expand(-1, self.input_channels, *voxels.shape[2:]))
        tokens_NLC = self.shared(tokens.flatten(2).transpose(1, 2))
        return tokens_NLC.transpose(1, 2).unflatten(2, tokens.shape[2:])


def _image_patches(vit: ViTConfig, channels: int, width: int) -> PatchEmbedding:
    edge = vit.image_size_px // vit.patch_px
    return PatchEmbedding((vit.patch_px, vit.patch_px), (edge, edge), channels, width, vit.mlp_layers)


def _volume_cubes(vit: ViTConfig, channels: int, width: int) -> PatchEmbedding:
    edge = vit.volume_size_px // vit.cube_px
    grid = (vit.volume_depth // vit.cube_slices, edge, edge)
    return PatchEmbedding((vit.cube_slices, vit.cube_px, vit.cube_px), grid, channels, width, vit.mlp_layers)
