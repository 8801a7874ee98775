"""What the views show: plain dataclasses and Qt item models; they know neither napari, nor widgets, nor the engine."""
