"""One file per resource: the shapes on the wire."""
