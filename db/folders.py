"""Folders of the service's own, which other users of the machine have no business in."""

from pathlib import Path


def make_private(folder: Path) -> None:
    """Make a folder and what is missing above it for the service's user alone; what is there stays as it is.

    A whole folder is closed because SQLite, its log, and libraries make files with the modes that they like.
    """
    for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # raises where a file is in its place
