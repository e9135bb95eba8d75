"""The JSON API, on FastAPI. Knows the job façade and words; how films are made it does not know."""
