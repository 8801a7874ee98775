"""What is on the screen: the case, what was done to it, what is known of it, and what outlives a crash.

Knows Qt's signals and the case types; neither napari, nor any widget, nor the engine's client.
"""
