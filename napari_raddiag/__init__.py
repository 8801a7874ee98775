"""The napari plugin: opens cases as layers. Knows Qt and napari, never torch."""
