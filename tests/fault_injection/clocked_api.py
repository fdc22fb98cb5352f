"""`python -m api.cli` with a clock that jumps."""

from api.cli.main import app
from tests.fault_injection.clocks import shift_clock

if __name__ == "__main__":
    shift_clock()
    app()
