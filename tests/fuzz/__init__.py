"""Inputs that nobody thought of. None of this is part of `make test`; see docs/fuzzing.md."""
