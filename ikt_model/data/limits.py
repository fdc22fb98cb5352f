"""How much a reader takes: a small file can unpack into more than a machine holds."""

from __future__ import annotations

from dataclasses import dataclass

from ikt_model.data.errors import UnreadableDataset

MOST_RESPONSES = 20_000_000
MOST_SKILLS = 5_000  # the reference inverts a matrix of skills by skills
MOST_ROW_GROUP_BYTES = 2**28
MOST_CELL_BYTES = 4096  # far above the longest name; one dictionary entry stands for any number of rows


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a dataset may hold."""

    responses: int = MOST_RESPONSES
    skills: int = MOST_SKILLS

    def require_responses(self, count: int) -> None:
        """Raises UnreadableDataset; may be asked again and again while a file is read."""
        if count > self.responses:
            raise UnreadableDataset(
                f"the file holds more than {self.responses:,} responses, the most that are taken here; "
                "keep a part of the students"
            )

    def require_skills(self, count: int) -> None:
        """Raises UnreadableDataset."""
        if count > self.skills:
            raise UnreadableDataset(
                f"the file names {count:,} skills, and a dataset may have at most {self.skills:,}; "
                "are item ids in the column of the skills?"
            )
