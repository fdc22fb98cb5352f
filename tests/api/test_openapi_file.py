"""The committed OpenAPI document is that of the code."""

from pathlib import Path

from typer.testing import CliRunner

from api.cli.main import app

FILE = Path(__file__).parents[2] / "openapi.json"
REMEDY = "openapi.json is not what the code says; `make clients` renews it, and the clients with it"


def test_the_file_is_what_the_code_says() -> None:
    shown = CliRunner().invoke(app, ["openapi"])
    assert shown.exit_code == 0
    assert shown.stdout == FILE.read_text("utf-8"), REMEDY


def test_it_depends_on_no_setting(tmp_path: Path) -> None:
    settings = {
        "IKT_KEYS": "on",
        "IKT_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
        "IKT_BROKER_URL": "redis://127.0.0.1:1/0",
        "IKT_DATA_DIR": str(tmp_path / "elsewhere"),
    }
    written = tmp_path / "document.json"
    shown = CliRunner().invoke(app, ["openapi", "--output", str(written)], env=settings)
    assert shown.exit_code == 0, shown.output
    assert written.read_text("utf-8") == FILE.read_text("utf-8"), REMEDY
    assert not (tmp_path / "elsewhere").exists()
