"""`python -m docs.performance`: write docs/performance.md from the lines that the benchmarks ended with."""

import sys

from docs.performance.page import PAGE, write_page


def main() -> int:
    PAGE.write_text(write_page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
