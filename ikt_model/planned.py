"""Training steps that never wait for each other: an epoch lies on the device, whole, before it begins.

A step in Python starts hundreds of small kernels, and a GPU is done with each before the next is there. Here
batches, learning rates, λ and sums are tensors of fixed addresses, and a cursor says which batch is next; so
the step can be captured once as a CUDA graph and started as one piece (Nguyen et al. 2021,
https://pytorch.org/blog/accelerating-pytorch-with-cuda-graphs). S steps, R rows, L steps in a row.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ikt_model.data.batches import WindowedSteps
from ikt_model.data.packing import Packing
from ikt_model.learner import Learner
from ikt_model.losses import TERMS, term_weights

STEPS_BEFORE_CAPTURE = 3  # in which libraries choose their kernels and the optimiser gets its state


class PlannedSteps:
    """The steps of a training, epoch after epoch, of a learner that `can_be_planned`.

    It holds the tensors that the optimiser reads its learning rates from, so the optimiser's state is put
    back before this is made.
    """

    def __init__(self, learner: Learner, data: WindowedSteps, packing: Packing) -> None:
        assert learner.optimizer is not None
        self._learner, self._data, self._optimizer = learner, data, learner.optimizer
        self._device = torch.device(learner.device)
        shape = (2, packing.n_batches, packing.rows_per_batch, packing.width)
        self._batches = torch.zeros(shape, dtype=torch.int32, device=self._device)
        self._rates = torch.zeros(packing.n_batches, device=self._device)
        self._lambda = torch.zeros((), device=self._device)
        self._cursor = torch.zeros(1, dtype=torch.int64, device=self._device)
        self._sums = torch.zeros(2, len(TERMS), dtype=torch.float64, device=self._device)
        for group in self._optimizer.param_groups:
            group["lr"] = torch.zeros((), device=self._device)
        self._n_taken = 0
        self._stream: Any = None
        if learner.is_on_cuda:
            self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        self._graph: torch.cuda.CUDAGraph | None = None

    @property
    def is_captured(self) -> bool:
        """Whether a step is one piece by now."""
        return self._graph is not None

    def begin(self, batches: NDArray[np.int32], *, rates: NDArray[np.floating], lambda_: float) -> None:
        """Lay out an epoch: [2, S, R, L] of `Packing.epoch`, and the learning rates [S] of its steps."""
        self._upload(self._batches, torch.from_numpy(batches))
        self._upload(self._rates, torch.as_tensor(rates, dtype=torch.float32))
        self._lambda.fill_(lambda_)
        self._cursor.zero_()
        self._sums.zero_()

    def sums(self) -> tuple[Tensor, Tensor]:
        """Over the steps since `begin`: of each of TERMS [5], and of how many values. To read them is to wait
        for all these steps.
        """
        sums, weights = self._sums
        return sums, weights

    def step(self) -> None:
        """Have the next step of the epoch taken."""
        if self._graph is not None:
            self._graph.replay()
        elif self._stream is not None:
            self._step_aside()
        else:
            self.step_now()
        self._n_taken += 1

    def step_now(self) -> None:
        """The step itself. Nothing in it asks for what the device computes."""
        learner, config = self._learner, self._learner.config
        rate = self._rates.index_select(0, self._cursor).squeeze(0)
        for group in self._optimizer.param_groups:
            group["lr"].copy_(rate * group["pace"])
        batch = self._data.gather_packed(self._batches.index_select(1, self._cursor).squeeze(1))
        # A cast that is kept would belong to the step that made it, and a captured step runs again.
        losses = learner.losses(learner.network, batch, keeps_casts=False)
        total = learner.balance.total(losses, settings=config.loss, lambda_=self._lambda)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        torch.nn.utils.clip_grad_norm_(learner.learned.parameters(), config.training.gradient_clip)
        self._optimizer.step()
        weights = term_weights(batch, config.loss)
        self._sums += torch.stack([losses.terms() * weights, weights])
        self._cursor += 1

    def _step_aside(self) -> None:
        """On a stream of its own, where capturing must happen: the first steps, then the capture."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        if self._n_taken < STEPS_BEFORE_CAPTURE:
            with torch.cuda.stream(self._stream):
                self.step_now()
            current.wait_stream(self._stream)
            return
        self._optimizer.zero_grad(set_to_none=True)  # so that gradients get addresses of the graph's own
        graph = torch.cuda.CUDAGraph()
        # Other threads of the process may use the device meanwhile.
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            self.step_now()
        graph.replay()  # to capture a step is not to take it
        self._graph = graph

    def _upload(self, place: Tensor, values: Tensor) -> None:
        """Without waiting: the last epoch's sums were read, so nobody reads the old values any more."""
        place.copy_(values.pin_memory() if self._stream is not None else values, non_blocking=True)
