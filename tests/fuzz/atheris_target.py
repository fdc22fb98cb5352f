"""One parser under atheris: python -m tests.fuzz.atheris_target PARSER [libFuzzer's arguments]."""

import resource
import sys
import time
from pathlib import Path

import atheris

# Only what parses is watched; atheris must see it before anybody else imports it.
WATCHED = (
    "ikt_model.data.readers",
    "ikt_model.data.csv_records",
    "ikt_model.data.events",
    "ikt_model.data.pykt",
    "ikt_model.data.columns",
    "ikt_model.data.refusals",
    "ikt_model.data.steps",
    "ikt_model.data.times",
    "ikt_model.data.vocabulary",
    "api.services.ingest_lines",
    "api.services.ingest_items",
    "api.schemas.interactions",
)
with atheris.instrument_imports(include=list(WATCHED)):
    from tests.fuzz.parsers import FEEDS

MOST_SECONDS = 2.0
MOST_MORE_BYTES = 1200 * 2**20
"""Memory that may be asked for besides what the libraries have: more than that is a finding, not the end."""


class TooSlow(Exception):
    """An input that keeps its parser busy for longer than it may."""


def main() -> None:
    name, *arguments = sys.argv[1:]
    feed = FEEDS[name]

    asked_for = resource.getpagesize() * int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (asked_for + MOST_MORE_BYTES,) * 2)

    def try_input(content: bytes) -> None:
        began = time.process_time()
        feed(content)
        if (seconds := time.process_time() - began) > MOST_SECONDS:
            raise TooSlow(f"{seconds:.1f} s")

    # pyarrow tells of rows that it can't decode although they are refused; thousands of times here.
    sys.unraisablehook = lambda told: (
        None if told.exc_type is UnicodeDecodeError else sys.__unraisablehook__(told)
    )
    atheris.Setup([sys.argv[0], *arguments], try_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
