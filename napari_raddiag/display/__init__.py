"""How scans are laid out for reading: turns, places, letters, windows and lengths. Knows neither Qt nor napari."""
