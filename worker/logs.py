"""Log lines as key=value pairs. Student identifiers never go into them."""

from typing import Any


def event(name: str, **fields: Any) -> str:
    """One line: what happened, and to what."""
    return " ".join([f"event={name}", *(f"{key}={_quoted(value)}" for key, value in fields.items())])


def _quoted(value: Any) -> str:
    text = f"{round(value, 4)}" if isinstance(value, float) else str(value)
    if text and not any(character.isspace() or character in '"=' for character in text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
