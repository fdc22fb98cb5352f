"""The whole loop, with real processes."""
