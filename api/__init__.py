"""HTTP, pages and the command line: everything a user touches."""
