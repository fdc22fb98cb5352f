"""Which media type to answer in."""

from collections.abc import Sequence

from api.services.refusals import NotAcceptable


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str:
    """The offered type that the Accept header likes best; the first one on a tie or without a header.

    Raises NotAcceptable.
    """
    if not accept or not accept.strip():
        return offered[0]
    ranges = [_parse_range(part) for part in accept.split(",") if part.strip()]
    liking = [_quality(media_type, ranges) for media_type in offered]
    best = max(liking)
    if best <= 0:
        raise NotAcceptable(offered)
    return offered[liking.index(best)]


def _parse_range(text: str) -> tuple[str, float]:
    media_range, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((value for name, _, value in (p.partition("=") for p in parameters) if name == "q"), "1")
    try:
        return media_range, float(weight)
    except ValueError:
        return media_range, 0.0


def _quality(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    family = media_type.partition("/")[0]
    for wanted in (media_type, f"{family}/*", "*/*"):
        for media_range, quality in ranges:
            if media_range == wanted:
                return quality
    return 0.0
