"""The command line `ikt`: thin commands over the HTTP service."""
