"""The scans of a case as napari layers, what is laid and drawn upon them, and the mouse and keys of a reader."""
