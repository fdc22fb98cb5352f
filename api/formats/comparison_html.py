"""A comparison as one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.formats.comparison_charts import HEIGHT, LEFT, RIGHT, WIDTH, draw
from api.formats.comparison_layout import lay_out
from ikt_model.comparison import Comparison

HTML = "text/html"
# A narrow column may break a name after an underscore or a slash, and every few letters at worst.
PIECES = re.compile(r"[^_/\s]{1,18}[_/]?|[_/]|\s+")


def write_html(comparison: Comparison) -> str:
    """The whole comparison; the first experiment is the baseline."""
    document = lay_out(comparison)
    return (
        _environment()
        .get_template("comparison.html")
        .render(
            document=document,
            draw=lambda curve: draw(curve, document.names),
            frame={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT},
        )
    )


def style_of(page: str) -> str:
    """The text of the page's only style element, which its policy has to allow."""
    return page.partition("<style>")[2].partition("</style>")[0]


@cache
def _environment() -> Environment:
    # Everything that is filled in is escaped: names are what users make of them.
    environment = Environment(
        loader=PackageLoader("api.formats"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["pieces"] = PIECES.findall
    return environment
