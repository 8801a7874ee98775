"""How a data set is made: from raw case records with linked articles to cases.jsonl with vocabularies (section 3)."""
