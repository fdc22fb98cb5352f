"""One file per resource: typed dependencies in, one service call, its result out."""
