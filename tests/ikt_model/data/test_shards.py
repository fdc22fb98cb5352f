"""A folder of shards: what is read is what was written, wherever it lies; nothing else is taken for one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest

from ikt_model.data.alignment import merge_vocabularies, renumber_skills
from ikt_model.data.errors import UnreadableDataset
from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.data.shards import MANIFEST, Shards, ShardWriter
from tests.ikt_model.classrooms import random_histories
from tests.ikt_model.data.builders import history_of, make_sequences, step

N_PARTS = 4


@pytest.fixture(scope="module")
def whole() -> Sequences:
    return random_histories(40, seed=3)


@pytest.fixture
def memory_url() -> Iterator[str]:
    yield "memory://shards-of-a-test"
    fsspec.filesystem("memory").rm("/shards-of-a-test", recursive=True)


def parts_of(whole: Sequences) -> list[Sequences]:
    return [whole.select(np.arange(whole.n_students) % N_PARTS == part) for part in range(N_PARTS)]


def write(url: str | Path, whole: Sequences) -> None:
    writer = ShardWriter(url)
    for part in parts_of(whole):
        writer.add(part)
    writer.finish()


class TestReading:
    def test_what_was_written_is_read(self, whole: Sequences, tmp_path: Path) -> None:
        write(tmp_path, whole)
        shards = Shards.open(tmp_path)

        assert [one.content_hash for one in shards] == [one.content_hash for one in parts_of(whole)]
        assert (shards.n_students, shards.n_responses) == (whole.n_students, whole.n_responses)
        assert shards.students_per_fold == dict.fromkeys(range(5), 8)
        assert shards.vocabulary.to_plain() == whole.vocabulary.to_plain()

    def test_local_shards_are_views_of_the_file(self, whole: Sequences, tmp_path: Path) -> None:
        write(tmp_path, whole)

        assert not Shards.open(tmp_path).load(0).skill_sets.flags.owndata

    def test_a_remote_store_holds_the_same(self, whole: Sequences, tmp_path: Path, memory_url: str) -> None:
        write(tmp_path, whole)
        write(memory_url, whole)

        here, there = Shards.open(tmp_path), Shards.open(memory_url)
        assert [history_of(one) for one in here] == [history_of(one) for one in there]
        assert here.content_hash == there.content_hash

    def test_copies_of_remote_shards_are_bounded(self, whole: Sequences, memory_url: str) -> None:
        write(memory_url, whole)
        size = max(entry.n_bytes for entry in Shards.open(memory_url).entries)
        shards = Shards.open(memory_url, cached_bytes=2 * size)

        opened = list(shards)
        folder = shards._local_path(0).parent

        assert len(list(folder.iterdir())) <= 2
        assert [one.content_hash for one in opened] == [entry.content_hash for entry in shards.entries]

    def test_the_hash_knows_another_response(self, whole: Sequences, tmp_path: Path) -> None:
        write(tmp_path / "a", whole)
        write(tmp_path / "b", replace(whole, responses=1 - whole.responses))

        assert Shards.open(tmp_path / "a").content_hash != Shards.open(tmp_path / "b").content_hash


class TestRefusals:
    def test_a_folder_without_manifest_is_no_dataset(self, whole: Sequences, tmp_path: Path) -> None:
        ShardWriter(tmp_path).add(whole)

        with pytest.raises(UnreadableDataset, match=r"no manifest.json: .* import the data again"):
            Shards.open(tmp_path)

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("{", "is not JSON"),
            ("[1]", "format_version must be '1', got None"),
            ('{"format_version": "9"}', "format_version must be '1', got '9'"),
            ('{"format_version": "1"}', "was not written by an import: KeyError"),
        ],
    )
    def test_a_foreign_manifest_is_refused(self, tmp_path: Path, content: str, said: str) -> None:
        (tmp_path / MANIFEST).write_text(content)

        with pytest.raises(UnreadableDataset, match=said):
            Shards.open(tmp_path)

    def test_a_shard_that_is_missing_or_another_is_refused(self, whole: Sequences, tmp_path: Path) -> None:
        write(tmp_path, whole)
        (tmp_path / "shard-00001.arrow").unlink()
        manifest = json.loads((tmp_path / MANIFEST).read_text())
        manifest["shards"][0]["n_responses"] += 1
        (tmp_path / MANIFEST).write_text(json.dumps(manifest))
        shards = Shards.open(tmp_path)

        with pytest.raises(UnreadableDataset, match=r"shard-00001.arrow is missing"):
            shards.load(1)
        with pytest.raises(UnreadableDataset, match=r"shard-00000.arrow holds"):
            shards.load(0)

    def test_shards_are_not_written_over(self, whole: Sequences, tmp_path: Path) -> None:
        write(tmp_path, whole)

        with pytest.raises(FileExistsError, match="holds shards already"):
            ShardWriter(tmp_path)

    def test_another_vocabulary_is_refused(self, whole: Sequences, tmp_path: Path) -> None:
        writer = ShardWriter(tmp_path)
        writer.add(whole)
        vocabulary = SkillVocabulary.of_single_skills([f"{name}!" for name in whole.vocabulary.names])

        with pytest.raises(ValueError, match="vocabulary"):
            writer.add(replace(whole, vocabulary=vocabulary))


class TestOneVocabulary:
    def test_parts_with_vocabularies_of_their_own_get_that_of_the_whole(self) -> None:
        history = {
            "ann": [step("b a", 1, item="1"), step("10", 0, item="2")],
            "bob": [step("2", 1, item="1"), step("a c b", 0, item="3")],
        }
        whole = make_sequences(history, items=True)
        parts = [make_sequences({name: steps}, items=True) for name, steps in history.items()]

        merged = merge_vocabularies(part.vocabulary for part in parts)
        renumbered = [renumber_skills(part, merged) for part in parts]

        assert merged.to_plain() == whole.vocabulary.to_plain()
        assert [history_of(one) for one in renumbered] == [history_of(part) for part in parts]
        assert np.concatenate([one.skill_sets for one in renumbered]).tolist() == whole.skill_sets.tolist()
