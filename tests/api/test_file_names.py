"""What senders call their files is shown, and never opened."""

import pytest

from tests.api.support import Service, events_csv

NAMES = {
    "../../../../tmp/escaped.csv": "escaped",
    "/etc/passwd": "passwd",
    "..\\..\\windows\\win.ini": "win",
    "C:\\CON.csv": "CON",
    "NUL": "NUL",
    "....//....//a.csv": "a",
    "a\x00b.csv": "ab",
    "a\r\nSet-Cookie: x=1.csv": "aSet-Cookie: x=1",
    "a/../../b.csv": "b",
    "%2e%2e%2fescaped.csv": "%2e%2e%2fescaped",
    "x" * 3000 + ".csv": "x" * 256,
    "~root.csv": "~root",
    "|touch escaped.csv": "|touch escaped",
    "$(touch escaped).csv": "$(touch escaped)",
    "\u202egnp.csv": "gnp",
}
ONLY_DIRECTORIES = ["..", ".", "/", "\\", "../", "\x00"]


def sent_as(name: str) -> dict[str, object]:
    """A form whose file has this name, quoted as little as the form allows."""
    quoted = name.replace('"', "%22").encode("utf-8", "surrogatepass").replace(b"\r\n", b"")
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n' % quoted
        + events_csv()
        + b"\r\n--x--\r\n"
    )
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}


@pytest.mark.parametrize("name", [*NAMES, *ONLY_DIRECTORIES], ids=ascii)
def test_a_name_is_no_path(service: Service, name: str) -> None:
    before = set(service.files())
    answer = service.client.post("/datasets", **sent_as(name))  # type: ignore[arg-type]

    assert answer.status_code == 201, answer.text
    stored = answer.json()
    [added] = set(service.files()) - before
    assert stored["name"] == NAMES.get(name, f"dataset {stored['content_hash'][:8]}")
    assert added.endswith(f"datasets/{stored['id']}.arrow")
