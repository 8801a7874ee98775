"""Names of the tensors of the authors' `pytorch_model.bin`, and what they are called here."""

from __future__ import annotations

import re

# The published forward pass uses none of these: the ImageNet classifier of the ResNet, the parts of which the
# layers of each transformer are copies, and the first norm of each layer.
_UNUSED = re.compile(
    r"""resnet2D\.fc\.
      | (attention1D|vitFuse)\.transformer_encoder\.(multi_headed_attention|feed_forward|encoder_layer)\.
      | .*\.sublayer\.0\.norm\.""",
    re.VERBOSE,
)

# In this order; each pattern is replaced wherever it occurs in a name.
_RENAMED = (
    (r"^resnet2D\.", "encoder.resnet."),
    (r"^attention1D\.pos_emb$", "encoder.attention.positions"),
    (r"^attention1D\.", "encoder.attention."),
    (r"^vitFuse\.mod_embed$", "fusion.modality_embeddings"),
    (r"^vitFuse\.", "fusion."),
    (r"^fc\.", "head.layers."),
    (r"\.transformer_encoder\.encoder\.", ".transformer."),
    (r"\.self_attn\.linears\.0\.", ".attention.query."),
    (r"\.self_attn\.linears\.1\.", ".attention.key."),
    (r"\.self_attn\.linears\.2\.", ".attention.value."),
    (r"\.self_attn\.linears\.3\.", ".attention.output."),
    (r"\.feed_forward\.w_1\.", ".feed_forward.0."),
    (r"\.feed_forward\.w_2\.", ".feed_forward.2."),
    (r"\.sublayer\.1\.norm\.", ".norm."),
    (r"\.norm\.a$", ".norm.weight"),
    (r"\.norm\.b$", ".norm.bias"),
)


def our_name(released_name: str) -> str | None:
    """The name in `RadDiag.state_dict()` of a tensor of the release; None for one that its forward pass ignores.

    An unknown name comes back unchanged or half changed, so that loading it strictly reports it.
    """
    if _UNUSED.match(released_name):
        return None
    name = released_name
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    return name
