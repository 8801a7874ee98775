"""The way back to the views: what each shows after session, engine or canvas changed. Nothing is decided here."""
