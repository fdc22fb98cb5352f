"""Both generated clients against a live service, and what they are generated from."""
