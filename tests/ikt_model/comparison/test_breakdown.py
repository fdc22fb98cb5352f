import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from ikt_model.comparison.breakdown import Scores, by_history, by_skill


def drawn(n_students: int = 30, length: int = 60, seed: int = 0) -> Scores:
    rng = np.random.default_rng(seed)
    n = n_students * length
    score = rng.random(n)
    return Scores(
        student=np.repeat(np.arange(n_students), length),
        position=np.tile(np.arange(1, length + 1), n_students),
        response=rng.random(n) < score,
        score=score,
    )


def test_every_response_is_in_one_part_of_the_history() -> None:
    scores = drawn()
    parts = by_history(scores)
    assert [(part.first, part.last) for part in parts] == [(1, 5), (6, 10), (11, 20), (21, 50), (51, 100)]
    assert sum(part.part.n for part in parts) == len(scores.score)
    early = scores.position <= 5
    assert parts[0].part.auc == pytest.approx(roc_auc_score(scores.response[early], scores.score[early]))
    assert parts[0].part.n_students == 30
    assert parts[0].part.low < parts[0].part.auc < parts[0].part.high


def test_long_histories_have_an_open_end() -> None:
    scores = drawn(n_students=3, length=300)
    assert by_history(scores)[-1].last is None
    assert by_history(scores)[-1].part.n == 300


def test_a_response_on_several_skills_counts_for_each() -> None:
    scores = drawn()
    names = [["add"], ["add", "carry"], ["divide"]]
    skills = pa.array([names[row % 3] for row in range(len(scores.score))])
    parts = {part.skill: part.part for part in by_skill(scores, skills)}
    assert {name: part.n for name, part in parts.items()} == {"add": 1200, "carry": 600, "divide": 600}
    rows = np.arange(len(scores.score)) % 3 < 2
    assert parts["add"].auc == pytest.approx(roc_auc_score(scores.response[rows], scores.score[rows]))
    assert parts["add"].share_right == pytest.approx(scores.response[rows].mean())


def test_the_most_practised_skill_comes_first() -> None:
    scores = drawn(n_students=2, length=5)
    skills = pa.array([["rare"]] * 2 + [["often"]] * 8)
    assert [part.skill for part in by_skill(scores, skills)] == ["often", "rare"]
