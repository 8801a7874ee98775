"""From a case and a model to ranked disorders. `result`, `state` and `scan_choice` are free of torch."""
