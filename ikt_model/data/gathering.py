"""Rows of tables, and means of such rows, in ways that each device is good at.

On CUDA the gradients of `nn.Embedding` and of `embedding_bag` may wait for a number of rows that the device
counts, and then no CUDA graph can be captured; that of indexing sorts. Those of `index_select` and
`index_add` are additions, one for each row taken; a processor would go over them one by one.
"""

import torch
from torch import Tensor
from torch.nn import functional


def rows_of(table: Tensor, index: Tensor) -> Tensor:
    """`table[index]` along the first dimension, for an index of any shape: [N, ...] -> [*index, ...]."""
    return select_rows(table, index) if table.is_cuda else table[index]


def select_rows(table: Tensor, index: Tensor) -> Tensor:
    """The same by one selection, whose gradient is a sum: in float32, for bfloat16 holds no sum of many."""
    wide = table.float() if table.dtype == torch.bfloat16 else table
    rows = wide.index_select(0, index.flatten()).to(table.dtype)
    return rows.view(*index.shape, *table.shape[1:])


def mean_of_bags(table: Tensor, members: Tensor, starts: Tensor, owners: Tensor) -> Tensor:
    """Mean of some rows for each of C bags, [K, D] -> [C, D]: bag `owners[m]` has row `members[m]` [M], and
    begins at `starts` [C] among the members.
    """
    if table.is_cuda:
        return add_bags(table, members, owners, n_bags=len(starts))
    return functional.embedding_bag(members, table, starts, mode="mean")


def add_bags(table: Tensor, members: Tensor, owners: Tensor, *, n_bags: int) -> Tensor:
    """The same by adding rows to their bags."""
    sums = table.new_zeros(n_bags, table.shape[1]).index_add(0, owners, table.index_select(0, members))
    sizes = table.new_zeros(n_bags).index_add(0, owners, torch.ones_like(members, dtype=table.dtype))
    return sums / sizes[:, None]
