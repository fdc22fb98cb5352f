"""The OpenAPI document as it is committed, written without a server."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from api.app import create_app
from api.settings import ApiSettings


def document_text() -> str:
    """It depends on the version alone, not on settings."""
    with TemporaryDirectory() as folder:
        data_dir = Path(folder)
        settings = ApiSettings(
            data_dir=data_dir,
            database_url=f"sqlite:///{data_dir / 'ikt.db'}",
            broker_url="filesystem://",
            artifacts_url=str(data_dir / "artifacts"),
            keys="off",
        )
        app = create_app(settings)
        try:
            document = app.openapi()
        finally:
            app.state.resources.close()
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
