"""Knowledge sources: each module turns one format into concepts. Only ICD-10-CM ships; the others are the user's."""
