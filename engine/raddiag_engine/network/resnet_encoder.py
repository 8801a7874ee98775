"""The paper's ResNet encoder: separate normalisation modules, depth averaged away, a shared ResNet."""

from __future__ import annotations

from torch import Tensor, nn

from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.normalisation import image_normalisation, volume_normalisation
from raddiag_engine.network.packing import NetworkScan, ScanGroup
from raddiag_engine.network.residual import BasicBlock
from raddiag_engine.network.resnet import BASIC_BLOCKS, ResNetStages
from raddiag_engine.network.scan_tokens import grid_tokens


class ResNetEncoder(nn.Module):
    """Section 4.2.1, "ResNet": 2D and 3D scans become feature maps of one resolution, then share an encoder."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        resnet = config.resnet
        self.input_channels = config.input_channels
        self.tokens = config.tokens_per_scan
        self.normalisation_2d = image_normalisation(resnet, config.input_channels)
        self.normalisation_3d = volume_normalisation(resnet, config.input_channels)
        self.shared = ResNetStages(
            BasicBlock,
            2,
            self.normalisation_2d.out_channels,
            resnet.shared_width,
            BASIC_BLOCKS[resnet.shared_depth],
            resnet.shared_strides,
        )
        same_width = self.shared.out_channels == config.embedding_width
        self.projection = nn.Identity() if same_width else nn.Linear(self.shared.out_channels, config.embedding_width)

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
        """Output of the normalisation module: (N, C, h, w) of images, (N, C, d, h, w) of volumes."""
        return self._normalise(group.voxels)

    def spatial_features(self, scan: NetworkScan) -> Tensor:
        """Output of the scan's normalisation module: (1, C, h, w), or (1, C, d, h, w), which still has depth."""
        return self._normalise(scan.voxels[None, None])

    def embed_features(self, features: Tensor) -> Tensor:
        """The rest of the encoder: (N, C, h, w) or (N, C, d, h, w) to embeddings_NC."""
        features_NChw = features.mean(2) if features.ndim == 5 else features
        shared_NChw = self.shared(features_NChw)
        if self.tokens == 1:
            return self.projection(shared_NChw.mean((2, 3)))
        return self.projection(grid_tokens(shared_NChw, self.tokens)).flatten(1)

    def _normalise(self, voxels: Tensor) -> Tensor:
        module = self.normalisation_2d if voxels.ndim == 4 else self.normalisation_3d
        return module(voxels.expand(-1, self.input_channels, *voxels.shape[2:]))
