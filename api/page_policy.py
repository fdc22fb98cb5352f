"""What pages may load and run: only what the service itself sends, and of inline styles only known ones."""

import re
from functools import cache
from importlib.resources import files

from api.security_headers import source_of

CHARTS = ("plotly", "package_data")  # the package that ships the chart library's script, and where
SCRIPT = "plotly.min.js"
# Texts in the library's code. The first it adds as a style element, for maps, whenever it is loaded; with the
# second, as a style attribute, it tries how a browser draws large pixels; the third is of powers on axes.
_MAPS = re.compile(r"getElementById\(\"[0-9a-f]{64}\"\)\)\{[^{}']*?\.textContent='([^'\\]*)'")
_PIXELS = ("optimizeSpeed", "-moz-crisp-edges", "-o-crisp-edges", "-webkit-optimize-contrast")
_NEWER_PIXELS = ("optimize-contrast", "crisp-edges", "pixelated")
_POWERS = "font-size:70%"


@cache
def page_policy() -> str:
    """The Content-Security-Policy of every page, made when the first is asked for.

    Apart from those texts the library fills an empty style element, and sets styles, through the DOM.
    """
    pixels = "".join(f"image-rendering: {value}; " for value in _PIXELS + _NEWER_PIXELS)
    elements = " ".join(map(source_of, ("", *_map_styles())))
    attributes = " ".join(map(source_of, ("", pixels, _POWERS)))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' {elements}",
            f"style-src-attr 'unsafe-hashes' {attributes}",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _map_styles() -> list[str]:
    package, folder = CHARTS
    return _MAPS.findall(files(package).joinpath(folder, SCRIPT).read_text("utf-8"))
