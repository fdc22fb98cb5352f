"""Files as bodies of requests, for the OpenAPI document."""

from typing import Any

from api.schemas.common import UNPADDED_TEXT
from ikt_model.data.columns import LONGEST_NAME

EVENTS_CSV = "student_id,skill,correct\nana,fractions,1\nana,decimals,0\nben,fractions,1\n"
BINARY = {"type": "string", "format": "binary"}
NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_NAME,
    "pattern": UNPADDED_TEXT,
    "description": "For people; default: the file's name.",
}


def _file_body(own: dict[str, Any], example: dict[str, str]) -> dict[str, Any]:
    """A file as the form's field `file` or as the body itself, with what may be said about it."""
    properties = {
        "file": BINARY | {"description": "The file."},
        **own,
        "format": {"type": "string", "enum": ["auto", "pykt", "events"], "default": "auto"},
    }
    form = {"type": "object", "required": ["file"], "additionalProperties": False, "properties": properties}
    content = {
        "multipart/form-data": {"schema": form, "example": {"file": EVENTS_CSV, **example}},
        "text/csv": {"schema": BINARY, "example": EVENTS_CSV},
        "application/vnd.apache.parquet": {"schema": BINARY},
        "application/octet-stream": {"schema": BINARY},
    }
    return {"requestBody": {"required": True, "content": content}}


UPLOAD_BODY = _file_body({"name": NAME}, {"name": "classroom", "format": "events"})
EVALUATION_BODY = _file_body(
    {"protocol": {"type": "string", "enum": ["window", "history"], "default": "window"}},
    {"format": "events", "protocol": "history"},
)
