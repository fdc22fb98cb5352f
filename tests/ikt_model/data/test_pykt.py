"""pyKT's row format."""

from pathlib import Path

import pytest

from ikt_model.data import csv_records
from ikt_model.data.errors import BadRows
from ikt_model.data.readers import read_dataset
from ikt_model.data.sequences import Sequences
from tests.ikt_model.data.builders import history_of, step

HEADER = "fold,uid,concepts,responses\n"


def read(tmp_path: Path, content: str) -> Sequences:
    path = tmp_path / "train.csv"
    path.write_text(content)
    return read_dataset(path)


def test_rows_become_students_with_their_folds(tmp_path: Path) -> None:
    sequences = read(tmp_path, HEADER + '1,b,"10,2,10","1,0,1"\n0,a,2,1\n-1,c,"7,7","0,0"\n')
    assert history_of(sequences) == {
        "a": [step("2", 1)],
        "b": [step("10", 1), step("2", 0), step("10", 1)],
        "c": [step("7", 0), step("7", 0)],
    }
    assert sequences.folds.tolist() == [0, 1, -1]
    assert sequences.n_folds == 2


def test_skills_are_numbered_by_their_index(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER + '0,a,"10,2,0","1,1,1"\n').vocabulary.names == ("0", "2", "10")


def test_concepts_joined_by_underscores_are_one_step(tmp_path: Path) -> None:
    sequences = read(tmp_path, HEADER + '0,a,"3_5,5_3,3,5_3_5","1,0,1,1"\n')
    expected = [step("3 5", 1), step("3 5", 0), step("3", 1), step("3 5", 1)]
    assert history_of(sequences) == {"a": expected}
    assert sequences.vocabulary.n_sets == 3


def test_rows_of_one_student_are_joined_in_file_order(tmp_path: Path) -> None:
    sequences = read(tmp_path, HEADER + '0,a,"1,2","1,1"\n0,b,9,0\n0,a,"3,4","0,0"\n')
    assert [next(iter(one.skills)) for one in history_of(sequences)["a"]] == ["1", "2", "3", "4"]


def test_padding_at_the_end_is_cut(tmp_path: Path) -> None:
    header = "fold,uid,concepts,responses,timestamps,selectmasks\n"
    row = '0,a,"4,5,-1,-1","1,0,-1,-1","10,20,-1,-1","1,1,-1,-1"\n'
    expected = [step("4", 1, timestamp=10), step("5", 0, timestamp=20)]
    assert history_of(read(tmp_path, header + row)) == {"a": expected}


def test_questions_are_items_and_other_columns_do_not_matter(tmp_path: Path) -> None:
    header = "fold,uid,questions,usetimes,responses,concepts\n"
    row = '0,a,"q1,q1,q2","NA,NA","1,1,0","4,5,4"\n'
    expected = [step("4", 1, item="q1"), step("5", 1, item="q1"), step("4", 0, item="q2")]
    assert history_of(read(tmp_path, header + row)) == {"a": expected}


def test_repeats_of_a_question_join_its_step(tmp_path: Path) -> None:
    header = "fold,uid,questions,concepts,responses,is_repeat\n"
    row = '0,a,"8,8,8,9,-1","4,5,4,5,-1","1,1,1,0,-1","0,1,0,0,-1"\n'
    expected = [step("4 5", 1, item="8"), step("4", 1, item="8"), step("5", 0, item="9")]
    assert history_of(read(tmp_path, header + row)) == {"a": expected}


def test_a_repeat_across_windows_joins_the_step_before(tmp_path: Path) -> None:
    header = "fold,uid,concepts,responses,is_repeat\n"
    assert history_of(read(tmp_path, header + '0,a,"1,2","0,1","0,0"\n0,a,"3,4","1,1","1,0"\n')) == {
        "a": [step("1", 0), step("2 3", 1), step("4", 1)]
    }


def test_leading_zeros_and_white_space_do_not_make_other_skills(tmp_path: Path) -> None:
    sequences = read(tmp_path, HEADER + '0,a,"1, 1,01","1, 0,1"\n')
    assert sequences.vocabulary.names == ("1",)


@pytest.mark.parametrize("length", [70_000])
def test_a_history_longer_than_a_csv_field_usually_is(tmp_path: Path, length: int) -> None:
    row = f'0,a,"{",".join(["12"] * length)}","{",".join(["1"] * length)}"\n'
    assert read(tmp_path, HEADER + row).n_responses == length


def test_blocks_of_the_file_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "fold,uid,questions,concepts,responses,timestamps\n"
    rows = "".join(f'0,s{n % 3},"q{n},q","{n},7_8","1,0","{n},{n}"\n' for n in range(40))
    whole = read(tmp_path, header + rows)
    monkeypatch.setattr(csv_records, "BLOCK_BYTES", 128)
    assert read(tmp_path, header + rows).content_hash == whole.content_hash
    with pytest.raises(BadRows) as refusal:
        read(tmp_path, header + rows + '0,s1,"q,q","1,x","1,0","1,2"\n' + '0,s1,"q,q","1,2","1,0","1,now"\n')
    assert [(bad.line, bad.column) for bad in refusal.value.rows] == [(42, "concepts"), (43, "timestamps")]
