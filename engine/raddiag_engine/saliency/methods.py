"""The names of the saliency methods. Free of everything, for the command line."""

from __future__ import annotations

from typing import Literal

Method = Literal["gradcam", "guided_gradcam", "respondcam", "integrated_gradients", "occlusion"]
METHODS: tuple[Method, ...] = ("gradcam", "guided_gradcam", "respondcam", "integrated_gradients", "occlusion")
