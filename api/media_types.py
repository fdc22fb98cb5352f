"""What a body says that it is."""

from starlette.datastructures import Headers

JSON = "application/json"


def media_type_of(headers: Headers) -> str:
    """Without parameters, in lower case; empty when nothing is said."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether FastAPI would parse it: JSON itself, and whatever is written in it (`application/ld+json`)."""
    kind, _, subtype = media_type.partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))
