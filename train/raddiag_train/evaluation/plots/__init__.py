"""Figures of the paper as PNG files; matplotlib without a display and without global state."""
