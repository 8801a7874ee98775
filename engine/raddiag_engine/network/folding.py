"""A twin of a network for inference only: batch norm folded into the convolutions, fused with ReLU and addition.

On a CPU the fused steps are oneDNN's, those that torch.compile with freezing would choose, called directly: no
compiler is needed and nothing has to warm up. Elsewhere, and where gradients are asked for, the same sums run as
plain PyTorch operations.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.residual import BasicBlock, Bottleneck
from raddiag_engine.network.resnet import ResNet
from raddiag_engine.network.vit_encoder import ViTEncoder


class FoldedConvolution(nn.Module):
    """A convolution with the batch norm behind it folded in, then an optional addition, then an optional ReLU.

    Args:
        convolution: An nn.Conv2d or nn.Conv3d without bias, padded by half its kernel.
        norm: The batch norm behind it.
        relu: Whether a ReLU ends it.
        grey: Whether all input channels are equal, so that one with the summed weights does.
    """

    def __init__(
        self,
        convolution: nn.Module,
        norm: nn.Module,
        relu: bool,
        grey: bool = False,
    ) -> None:
        super().__init__()
        assert isinstance(convolution, nn.Conv2d | nn.Conv3d) and isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d)
        weight, bias = _folded_weights(convolution, norm)
        weight = weight.sum(1, keepdim=True) if grey else weight
        layout = torch.channels_last if weight.ndim == 4 else torch.channels_last_3d
        self.weight = nn.Parameter(weight.to(memory_format=layout), requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.stride, self.padding = list(convolution.stride), [edge // 2 for edge in convolution.kernel_size]
        self.relu = relu
        self._packed: Tensor | None = None  # the weight in oneDNN's own layout, once it is known that it is wanted

    def forward(self, x: Tensor, addend: Tensor | None = None) -> Tensor:
        """The folded step.

        Args:
            x: (N, C, [D,] H, W).
            addend: Added before the ReLU.
        """
        x = x.to(self.weight.dtype)
        if _onednn_serves(x):
            return self._fused(x, addend)
        convolve = F.conv2d if x.ndim == 4 else F.conv3d
        x = convolve(x, self.weight, self.bias, self.stride, self.padding)
        x = x if addend is None else x + addend
        return F.relu(x) if self.relu else x

    def _fused(self, x: Tensor, addend: Tensor | None) -> Tensor:
        dilation = [1] * len(self.stride)
        if self._packed is None or self._packed.dtype != self.weight.dtype:
            # Else oneDNN would lay out all weights anew for every chunk.
            self._packed = torch.ops.mkldnn._reorder_convolution_weight(
                self.weight, self.padding, self.stride, dilation, 1, list(x.shape)
            )
        step = (self._packed, self.bias, self.padding, self.stride, dilation, 1)
        convolve = torch.ops.mkldnn._convolution_pointwise
        if addend is None:
            return convolve(x, *step, "relu" if self.relu else "none", [], "")
        return convolve.binary(x, addend, *step, "add", 1.0, "relu" if self.relu else None, [], "")


class FoldedBlock(nn.Module):
    """A residual block of folded convolutions.

    Args:
        block: In eval mode.
    """

    def __init__(self, block: BasicBlock | Bottleneck) -> None:
        super().__init__()
        pairs = [(block.conv1, block.bn1), (block.conv2, block.bn2)]
        if isinstance(block, Bottleneck):
            pairs.append((block.conv3, block.bn3))
        self.steps = nn.ModuleList(FoldedConvolution(*pair, relu=True) for pair in pairs)
        self.downsample = None
        if block.downsample is not None:
            convolution, norm = block.downsample
            self.downsample = FoldedConvolution(convolution, norm, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, [D,] H, W) to (N, channels, [d,] h, w)."""
        identity = x if self.downsample is None else self.downsample(x)
        for step in self.steps[:-1]:
            x = step(x)
        return self.steps[-1](x, identity)


def folded(network: RadDiag) -> RadDiag:
    """A copy for inference, in eval mode: same results to rounding, faster, and without gradients of its weights.

    Weights that folding does not change are shared with `network`, which stays as it is and remains the twin for
    saliency and training. Call it again after the weights have changed.

    Args:
        network: On any device, float32; need not be in eval mode.
    """
    shared = [*network.parameters(), *network.buffers()]
    twin = copy.deepcopy(network, {id(tensor): tensor for tensor in shared}).eval()
    for part in list(twin.modules()):
        if isinstance(part, ResNet):
            # Grey is repeated to the input channels, and padding is zero in all of them.
            part.add_module("conv1", FoldedConvolution(part.conv1, part.bn1, relu=True, grey=True))
            part.add_module("bn1", nn.Identity())
            part.add_module("relu", nn.Identity())
        for name, child in list(part.named_children()):
            if isinstance(child, BasicBlock | Bottleneck):
                part.add_module(name, FoldedBlock(child))
    if not isinstance(twin.encoder, ViTEncoder):
        twin.encoder.input_channels = 1
    return twin


def _folded_weights(convolution: nn.Conv2d | nn.Conv3d, norm: nn.BatchNorm2d | nn.BatchNorm3d) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that does both: w g / sqrt(var + eps), b - mean g / sqrt(var + eps)."""
    assert norm.running_mean is not None and norm.running_var is not None
    gain = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
    weight = convolution.weight.detach() * gain.view(-1, *[1] * (convolution.weight.ndim - 1))
    return weight, norm.bias.detach() - norm.running_mean * gain


def _onednn_serves(x: Tensor) -> bool:
    gradients = torch.is_grad_enabled() and x.requires_grad
    # The operators are torch's own, not public: another version may lack them, and plain ones then serve.
    known = hasattr(torch.ops.mkldnn, "_convolution_pointwise") and hasattr(
        torch.ops.mkldnn, "_reorder_convolution_weight"
    )
    return known and x.device.type == "cpu" and torch.backends.mkldnn.is_available() and not gradients
