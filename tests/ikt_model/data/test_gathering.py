"""What a GPU takes rows by is what a processor takes them by, and so are the gradients."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ikt_model.data.alignment import number_sets
from ikt_model.data.batches import SkillSets
from ikt_model.data.gathering import add_bags, select_rows

SKILLS = ("a", "b", "c", "d")


def with_gradient(values: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """Values, and the table's gradient of a sum that tells them apart."""
    weights = torch.arange(values.numel(), dtype=values.dtype).view_as(values)
    return values.detach(), torch.autograd.grad((values * weights).sum(), table)[0]


@pytest.mark.parametrize("width", [(), (5,)], ids=str)
def test_selected_rows_are_those_of_the_index(width: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    table = torch.randn(7, *width, dtype=torch.float64, requires_grad=True)
    index = torch.randint(0, 7, (3, 11))
    ours, theirs = (with_gradient(rows, table) for rows in (select_rows(table, index), table[index]))
    torch.testing.assert_close(ours, theirs)


def test_a_row_that_is_taken_often_keeps_its_gradient_in_bfloat16() -> None:
    table = torch.zeros(2, 1, dtype=torch.bfloat16, requires_grad=True)
    rows = select_rows(table, torch.zeros(1024, dtype=torch.int64))
    assert rows.dtype == torch.bfloat16
    (gradient,) = torch.autograd.grad(rows.sum(), table)
    assert gradient.flatten().tolist() == [1024.0, 0.0]


def test_bags_that_are_added_up_have_the_mean_of_their_members() -> None:
    torch.manual_seed(0)
    sets = SkillSets.of(number_sets([(0, 1), (1, 2, 3)], SKILLS)[0], device="cpu")
    table = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    added = add_bags(table, sets.members, sets.owners, n_bags=len(sets.starts))
    ours, theirs = (with_gradient(rows, table) for rows in (added, sets.mean(table)))
    torch.testing.assert_close(ours, theirs)
    expected = np.stack([table.detach()[[0, 1]].mean(0), table.detach()[[1, 2, 3]].mean(0)])
    np.testing.assert_allclose(added.detach()[4:], expected)
