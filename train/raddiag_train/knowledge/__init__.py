"""What the knowledge encoder learns medicine from, how it does, and how it is judged (section 4.3 of the paper)."""
