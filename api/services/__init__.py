"""One file per resource: decisions, as plain functions that never commit."""
