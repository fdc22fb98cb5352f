"""No block escapes: its language says what is done with it, and each page that runs has its test."""

import json
import re
from pathlib import Path

import pytest

from tests.documentation import blocks
from tests.documentation.blocks import Block
from tests.documentation.worlds import WORLDS

COMMAND = re.compile(
    r"^\s*(\$ |(sudo |\w+=\S+ )*(\.venv/bin/)?(ikt|make|curl|docker|kubectl|pip|python3?|npm|git)\b)"
)
EVERY = [block for page in blocks.pages() for block in blocks.blocks_of(page)]


def place(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", EVERY, ids=place)
class TestEveryBlock:
    def test_says_what_is_done_with_it(self, block: Block) -> None:
        if block.page not in blocks.OWN_TESTS:
            assert block.language in blocks.RUN | blocks.FILES | blocks.SHOWN
            assert bool(block.title) == (block.language in blocks.FILES)
        assert block.language

    def test_hides_no_command_in_a_picture(self, block: Block) -> None:
        if block.language in blocks.SHOWN:
            assert [line for line in block.text.splitlines() if COMMAND.match(line)] == []

    def test_is_json_where_it_says_so(self, block: Block) -> None:
        if block.language == "json":
            assert json.loads(block.text)


def test_every_page_that_runs_has_a_world_and_no_other_has() -> None:
    assert set(blocks.to_run()) == {Path(page) for page in WORLDS}


@pytest.mark.parametrize(("page", "test"), blocks.OWN_TESTS.items(), ids=str)
def test_a_page_with_a_test_of_its_own_is_read_by_it(page: Path, test: str) -> None:
    assert any(block.language in blocks.RUN | {"ts", "sql"} for block in blocks.blocks_of(page))
    assert page.name in (blocks.ROOT / test).read_text("utf-8")


def test_the_readers_find_blocks() -> None:
    assert len(EVERY) > 50


class TestBlocks:
    def test_are_found_with_language_and_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(blocks, "ROOT", tmp_path)
        (tmp_path / "a.md").write_text(
            'One.\n\n```json title="x.json"\n{"a": 1}\n```\n\n  ```bash\n  ls\n  ```\n'
        )

        found = list(blocks.blocks_of(Path("a.md")))

        assert [(one.line, one.language, one.title, one.text) for one in found] == [
            (3, "json", "x.json", '{"a": 1}\n'),
            (7, "bash", "", "ls\n"),
        ]
