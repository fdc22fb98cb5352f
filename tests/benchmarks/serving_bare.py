"""What answers are held against: a bare FastAPI endpoint that returns the same bytes.

`python -m tests.benchmarks.serving_bare PORT`, with the bodies by path in the JSON file IKT_BENCH_BODIES. The
server underneath is the one of `ikt api`, with the same settings.
"""

import json
import os
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response

from api.cli.serve import SERVER


def create_app() -> FastAPI:
    bodies = json.loads(Path(os.environ["IKT_BENCH_BODIES"]).read_text("utf-8"))
    content = {student_id: body.encode() for student_id, body in bodies.items()}
    app = FastAPI()

    @app.get("/students/{student_id}/mastery")
    async def read_mastery(student_id: str) -> Response:
        return Response(content[student_id], media_type="application/json")

    @app.get("/unchanged/{student_id}")
    async def read_nothing(student_id: str) -> Response:
        return Response(status_code=304, headers={"ETag": f'"{student_id}"'})

    return app


if __name__ == "__main__":
    uvicorn.run(create_app(), port=int(sys.argv[1]), access_log=False, **SERVER)
