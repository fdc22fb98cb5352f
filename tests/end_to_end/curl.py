"""Stands in for curl where there is none: what the README asks of it, and nothing else."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import httpx


def main(arguments: list[str]) -> None:
    """Send one request; its answer goes to standard output or into a file."""
    wanted = _parser().parse_args(arguments)
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(trust_env=False, timeout=240))
        output: BinaryIO = (
            stack.enter_context(wanted.output.open("wb")) if wanted.output else sys.stdout.buffer
        )
        response = stack.enter_context(client.stream(**_request(wanted, stack)))
        if wanted.dump:
            wanted.dump.write_text(
                "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
            )
        for piece in response.iter_bytes():
            output.write(piece)
            output.flush()
        if wanted.write_out:
            sys.stdout.write(
                wanted.write_out.replace("%{http_code}", str(response.status_code)).replace(r"\n", "\n")
            )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("curl")
    parser.add_argument("url")
    for flag in ("-s", "-N"):
        parser.add_argument(flag, action="store_true")
    for flag, name in (("-H", "header"), ("-F", "form")):
        parser.add_argument(flag, dest=name, action="append", default=[])
    for flag, name in (("-d", "data"), ("--data-binary", "data"), ("-X", "method"), ("-w", "write_out")):
        parser.add_argument(flag, dest=name)
    for flag, name in (("-o", "output"), ("-D", "dump")):
        parser.add_argument(flag, dest=name, type=Path)
    return parser


def _request(wanted: argparse.Namespace, stack: ExitStack) -> dict[str, Any]:
    fields = dict(field.split("=", 1) for field in wanted.form)
    files = {name: Path(value[1:]) for name, value in fields.items() if value.startswith("@")}
    opened = {name: (path.name, stack.enter_context(path.open("rb"))) for name, path in files.items()}
    return {
        "method": wanted.method or ("POST" if wanted.data is not None or fields else "GET"),
        "url": wanted.url,
        "headers": [tuple(header.split(": ", 1)) for header in wanted.header],
        "content": Path(wanted.data[1:]).read_bytes() if (wanted.data or "").startswith("@") else wanted.data,
        "files": opened or None,
        "data": {name: value for name, value in fields.items() if name not in files} or None,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
