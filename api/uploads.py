"""A file on its way in: streamed to a temporary file, whatever its size, and never named by its sender."""

import fcntl
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import UUID

from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from api.bodies import read_blocks
from api.body_limit import raise_limit
from api.services.datasets import Upload
from api.services.refusals import FieldRefused, UploadMalformed, UploadRefused, UploadUnsupported
from db.base import utc_now
from db.folders import make_private

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MULTIPART = "multipart/form-data"
RAW_TYPES = ("text/csv", "application/vnd.apache.parquet", "application/octet-stream")
LONGEST_FIELD_BYTES = 4096
MOST_PARTS = 16
PREFIX = "upload-"


def remove_abandoned(folder: Path, undo: Callable[[UUID], object]) -> None:
    """Delete uploads whose process died; `undo` is told of datasets that may have been stored in part.

    Those of living processes are known by their lock, which the kernel takes from the dead.
    """
    # A draft lies beside the upload that it was made of, until its dataset is stored or undone.
    for draft in folder.glob(f"{PREFIX}*.*"):
        name, _, dataset_id = draft.name.partition(".")
        with suppress(OSError, ValueError), _if_abandoned(folder / name):
            undo(UUID(dataset_id))
            draft.unlink()
    for path in [path for path in folder.glob(f"{PREFIX}*") if "." not in path.name]:
        with suppress(OSError), _if_abandoned(path):
            path.unlink()


@contextmanager
def _if_abandoned(path: Path) -> Iterator[None]:
    """Raises OSError where the file is being received."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    yield


@contextmanager
def _locked_file(folder: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file that nobody removes while this process lives."""
    make_private(folder)
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=PREFIX)
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not os.fstat(file.fileno()).st_nlink:  # another process, just started, took it for abandoned
                continue
            try:
                yield file, Path(name)
            finally:
                Path(name).unlink(missing_ok=True)
            return


@asynccontextmanager
async def receive_upload(
    request: Request, *, folder: Path, limit_bytes: int, stall_seconds: float, wait_seconds: float
) -> AsyncIterator[Upload]:
    """The request's file, raw or as the multipart field `file`.

    Raises UploadUnsupported, UploadMalformed, UploadRefused, BodyTooSlow.
    """
    began_at = utc_now()
    raise_limit(request.scope, limit_bytes)
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    media_type = content_type.decode("latin-1").lower()
    if media_type not in (MULTIPART, *RAW_TYPES):
        raise UploadUnsupported(media_type, supported=(MULTIPART, *RAW_TYPES))
    blocks = read_blocks(request, stall_seconds=stall_seconds, wait_seconds=wait_seconds)
    with _locked_file(folder) as (sink, path):
        if media_type == MULTIPART:
            upload = await _receive_multipart(blocks, options.get(b"boundary"), path=path, sink=sink)
        else:
            async for block in blocks:
                await run_sync(sink.write, block)
            upload = Upload(path)
        await run_sync(sink.flush)
        yield replace(upload, began_at=began_at)


async def _receive_multipart(
    blocks: AsyncIterator[bytes], boundary: bytes | None, *, path: Path, sink: IO[bytes]
) -> Upload:
    if not boundary:
        raise UploadMalformed("Content-Type names no boundary")
    form = _Form(sink)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for block in blocks:
            await run_sync(parser.write, block)
        parser.finalize()
    except FormParserError as error:
        raise UploadMalformed(str(error)) from error
    if not form.is_complete:
        raise UploadMalformed("it ends before its closing boundary")
    if not form.has_file:
        raise UploadRefused([FieldRefused("/file", "is missing; send the dataset as the form field 'file'")])
    return Upload(path, filename=form.filename, fields=form.fields())


class _Form:
    """Receives the parser's events: the part `file` flows to the sink, short fields are kept."""

    def __init__(self, sink: IO[bytes]) -> None:
        self.sink = sink
        self.has_file = False
        self.is_complete = False
        self.filename: str | None = None
        self._values: dict[str, bytearray] = {}
        self._n_parts = 0
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._field: str | None = None

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin_part,
            "on_part_data": self._take_data,
            "on_header_field": self._take_header_name,
            "on_header_value": self._take_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_end": self._end,
        }

    def fields(self) -> dict[str, str]:
        """Every field but the file. Raises UploadRefused."""
        try:
            return {name: bytes(value).decode("utf-8") for name, value in self._values.items()}
        except UnicodeDecodeError as error:
            raise UploadMalformed("a field is not UTF-8") from error

    def _begin_part(self) -> None:
        self._n_parts += 1
        if self._n_parts > MOST_PARTS:
            raise UploadMalformed(f"it has more than {MOST_PARTS} parts")
        self._disposition, self._field = b"", None

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if not name:
            raise UploadMalformed("a part has no name")
        if name in self._values or (name == "file" and self.has_file):
            raise UploadRefused([FieldRefused(_pointer(name), "is sent twice; send it once")])
        self._field = name
        if name != "file":
            self._values[name] = bytearray()
            return
        self.has_file = True
        filename = options.get(b"filename", b"").decode("utf-8", "replace")
        self.filename = filename or None

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._field == "file":
            self.sink.write(data[start:end])
            return
        value = self._values[self._field or ""]
        value += data[start:end]
        if len(value) > LONGEST_FIELD_BYTES:
            detail = f"is longer than {LONGEST_FIELD_BYTES} bytes; only the field 'file' may be long"
            raise UploadRefused([FieldRefused(_pointer(self._field or ""), detail)])

    def _end(self) -> None:
        self.is_complete = True


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
