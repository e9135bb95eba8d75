"""The catalogue's rooms; `hf_spaces_models.py` is their door."""
