"""What two experiments differ by is found once, and kept while both of them exist."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from time import sleep
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from api.services import pairs
from ikt_model.comparison.paired import FoldDifferences
from tests.api.support import Service, assert_problem, run_service
from tests.api.training import Trained, cross_validate, train

Made = list[tuple[Any, ...]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Every comparison of predictions that is really made."""
    calls: Made = []

    def counted(*tables: Any, **options: Any) -> FoldDifferences:
        calls.append(tables)
        return compare_fold(*tables, **options)

    compare_fold = pairs.compare_fold
    monkeypatch.setattr(pairs, "compare_fold", counted)
    return calls


@pytest.fixture
def new_pair(trained: Trained) -> dict[str, str]:
    """Two experiments that nobody has compared."""
    names = ("first", "second")
    first, second = (
        train(trained.service, trained.dataset["id"], preset="small-mean", name=name) for name in names
    )
    return {"baseline": first["id"], "candidate": second["id"]}


def ask(service: Service, params: dict[str, str]) -> httpx.Response:
    return service.client.get("/comparisons", params=params)


def kept(service: Service, experiment_id: str) -> list[Path]:
    """Files in which a pair of this experiment is kept."""
    folder = Path(service.stack.artifacts_url) / pairs.FOLDER
    return [path for path in folder.glob("*") if experiment_id in path.name]


class TestAtATime:
    def test_many_pairs_leave_room_for_others(
        self, trained: Trained, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs = [
            train(trained.service, trained.dataset["id"], preset="small-mean", name=str(number))["id"]
            for number in range(5)
        ]
        computing, most, counting = 0, 0, Lock()
        compare_fold = pairs.compare_fold

        def watched(*tables: Any, **options: Any) -> FoldDifferences:
            nonlocal computing, most
            with counting:
                computing += 1
                most = max(most, computing)
            sleep(0.1)
            try:
                return compare_fold(*tables, **options)
            finally:
                with counting:
                    computing -= 1

        monkeypatch.setattr(pairs, "compare_fold", watched)
        with ThreadPoolExecutor(4) as pool:
            asked = [{"baseline": runs[0], "candidate": other} for other in runs[1:]]
            answers = list(pool.map(lambda params: ask(trained.service, params), asked))
        assert {answer.status_code for answer in answers} == {200}
        assert most == pairs.MOST_AT_A_TIME


class TestKept:
    def test_the_same_is_asked_for_once(self, trained: Trained, new_pair: dict[str, str], made: Made) -> None:
        first, again = (ask(trained.service, new_pair).json() for _ in range(2))
        assert len(made) == 1
        assert first == again

    def test_another_baseline_is_another_pair(
        self, trained: Trained, new_pair: dict[str, str], made: Made
    ) -> None:
        turned = {"baseline": new_pair["candidate"], "candidate": new_pair["baseline"]}
        changes = [change_of_auc(ask(trained.service, pair)) for pair in (new_pair, turned)]
        assert len(made) == 2
        assert changes[0]["change_low"] == pytest.approx(-changes[1]["change_high"], abs=1e-9)

    def test_a_restart_forgets_nothing(self, trained: Trained, new_pair: dict[str, str], made: Made) -> None:
        first = ask(trained.service, new_pair).json()
        with run_service(trained.service.stack) as restarted:
            assert ask(restarted, new_pair).json() == first
        assert len(made) == 1

    def test_predictions_are_read_no_more(self, trained: Trained, new_pair: dict[str, str]) -> None:
        first = ask(trained.service, new_pair).json()
        for experiment_id in new_pair.values():
            trained.service.resources.store.delete(f"experiments/{experiment_id}/predictions.parquet")
        assert ask(trained.service, new_pair).json() == first

    def test_a_refusal_is_not_kept(
        self, trained: Trained, new_pair: dict[str, str], made: Made, tmp_path: Path
    ) -> None:
        store, key = (
            trained.service.resources.store,
            f"experiments/{new_pair['candidate']}/predictions.parquet",
        )
        pq.write_table(pq.read_table(store.fetch(key)).slice(3), tmp_path / "fewer.parquet")
        store.put_file(tmp_path / "fewer.parquet", key)
        notes = [ask(trained.service, new_pair).json()["notes"] for _ in range(2)]
        assert len(made) == 2
        assert kept(trained.service, new_pair["candidate"]) == []
        assert notes[0] == notes[1]
        assert any(note.startswith("second has no intervals: the runs did not") for note in notes[0])

    def test_a_broken_file_is_made_again(
        self, trained: Trained, new_pair: dict[str, str], made: Made
    ) -> None:
        first = ask(trained.service, new_pair).json()
        (path,) = kept(trained.service, new_pair["candidate"])
        path.write_bytes(path.read_bytes()[:100])
        assert ask(trained.service, new_pair).json() == first
        assert len(made) == 2
        assert ask(trained.service, new_pair).json() == first
        assert len(made) == 2

    def test_what_cannot_be_kept_is_found_nevertheless(
        self, trained: Trained, new_pair: dict[str, str], made: Made, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(type(trained.service.resources.store), "put_file", full)
            first = ask(trained.service, new_pair)
        assert first.status_code == 200
        assert ask(trained.service, new_pair).json() == first.json()
        assert len(made) == 2

    def test_folds_of_cross_validations_are_pairs_like_others(self, trained: Trained, made: Made) -> None:
        first, second = (
            cross_validate(trained.service, trained.dataset["id"], preset=preset, folds=[1, 3])
            for preset in ("small-mean", "small-dynamic")
        )
        whole = ask(trained.service, {"baseline": first["id"], "candidate": second["id"]})
        assert len(made) == 2
        members = zip(first["experiments"], second["experiments"], strict=True)
        singly = [
            change_of_auc(ask(trained.service, {"baseline": ours["id"], "candidate": theirs["id"]}))
            for ours, theirs in members
        ]
        assert len(made) == 2
        mean = sum(one["change"] for one in singly) / 2
        assert change_of_auc(whole)["change"] == pytest.approx(mean)


class TestForgotten:
    @pytest.mark.parametrize("side", ["baseline", "candidate"])
    def test_it_goes_with_either_experiment(
        self, trained: Trained, new_pair: dict[str, str], side: str
    ) -> None:
        other = ask(trained.service, new_pair | {"baseline": trained.baseline["id"]})
        assert other.status_code == ask(trained.service, new_pair).status_code == 200
        assert len(kept(trained.service, new_pair["candidate"])) == 2

        gone = trained.service.client.delete(f"/experiments/{new_pair[side]}")

        assert gone.status_code == 204
        assert kept(trained.service, new_pair[side]) == []
        assert len(kept(trained.service, new_pair["candidate"])) == (1 if side == "baseline" else 0)
        assert_problem(ask(trained.service, new_pair), 404, "experiment-not-found")

    def test_one_deleted_meanwhile_leaves_nothing(
        self, trained: Trained, new_pair: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def delete_then(compare_fold: Callable[..., FoldDifferences]) -> Callable[..., FoldDifferences]:
            def compare(*tables: Any, **options: Any) -> FoldDifferences:
                path = f"/experiments/{new_pair['baseline']}"
                assert trained.service.client.delete(path).status_code == 204
                return compare_fold(*tables, **options)

            return compare

        monkeypatch.setattr(pairs, "compare_fold", delete_then(pairs.compare_fold))
        assert ask(trained.service, new_pair).status_code == 200
        assert kept(trained.service, new_pair["candidate"]) == []

    def test_students_erased_meanwhile_leave_nothing(
        self,
        trained: Trained,
        new_pair: dict[str, str],
        made: Made,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A worker has cleared both experiments when the pair that was read before is kept."""
        store, shorter = trained.service.resources.store, tmp_path / "shorter.parquet"
        compare_fold, uncleared = pairs.compare_fold, list(new_pair.values())

        def clear_first(*tables: Any, **options: Any) -> FoldDifferences:
            while uncleared:
                experiment_id = uncleared.pop()
                key = f"experiments/{experiment_id}/predictions.parquet"
                predictions = pq.read_table(store.fetch(key))
                pq.write_table(predictions.slice(40), shorter)
                store.put_file(shorter, key)
                store.delete_named(pairs.FOLDER, experiment_id)
            return compare_fold(*tables, **options)

        monkeypatch.setattr(pairs, "compare_fold", clear_first)
        assert ask(trained.service, new_pair).status_code == 200
        assert kept(trained.service, new_pair["candidate"]) == []
        assert ask(trained.service, new_pair).status_code == 200
        assert len(made[0][0]) == len(made[1][0]) + 40
        assert len(kept(trained.service, new_pair["candidate"])) == 1


class TestTogether:
    def test_many_who_ask_at_once_wait_for_one(
        self, trained: Trained, new_pair: dict[str, str], made: Made
    ) -> None:
        with ThreadPoolExecutor(8) as asking:
            answers = list(asking.map(lambda _: ask(trained.service, new_pair), range(8)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert len(made) == 1
        assert len(kept(trained.service, new_pair["candidate"])) == 1


def change_of_auc(answer: httpx.Response) -> dict[str, Any]:
    """The AUC of the last experiment against the first's."""
    rows = {row["metric"]: row for section in answer.json()["sections"] for row in section["rows"]}
    value: dict[str, Any] = rows["auc"]["values"][-1]
    return value
