"""`python -m docs.scaling`: write docs/scaling.md from figures.json, a line of `make bench-serving`."""

import sys

from docs.scaling.page import PAGE, write_page


def main() -> int:
    PAGE.write_text(write_page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
