"""Storage: rows, files and how they change. Imports nothing of the other rooms."""
