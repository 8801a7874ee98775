"""The window's line to the engine: work in the background, the service's life, its state in words.

Knows Qt's signals and the engine's client; neither napari nor any widget.
"""
