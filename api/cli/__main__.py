"""`python -m api.cli`: the same as `ikt`."""

from api.cli.main import app

if __name__ == "__main__":
    app()
