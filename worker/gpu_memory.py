"""How much of a GPU's memory a training will take, worked out before it starts.

Counted from the sizes in the configuration, by what a step keeps until it is gone back through. Rather too
much than too little: a training that wants more than it asked for fails, and nobody else does. `steps` are
those of a batch, padding included; a number of a matrix product has `size` bytes (2 in bfloat16), any other
one 4.
"""

import torch

from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import Sequences
from ikt_model.evaluation import EVALUATION_TOKENS
from ikt_model.networks import empty_network
from ikt_model.settings import IktSettings

MIB = 1024**2
CONTEXT_BYTES = 768 * MIB  # CUDA itself, kernels as they are loaded, NCCL: beside what PyTorch allocates
WORKSPACE_BYTES = 256 * MIB  # what cuBLAS and cuDNN work in, and the blocks that PyTorch allocates by
# Of each weight: itself 4, gradient 4, both moments of AdamW 8 (Loshchilov & Hutter 2019); then its copy in
# the products' numbers, the squares of gradients when they are clipped, and what ranks sum gradients in.
WEIGHT_BYTES = 4 + 4 + 8 + 8
STEP_BYTES = 128  # of each response in the dataset: 3 indices and 15 features, and where batches find them
BATCH_STEP_BYTES = 256  # of each step in a batch: the same gathered, indices and targets
TABLE_BYTES = 24  # of each skill set and width: of pairs and of what is asked, and their gradients
SAFETY = 1.25  # for what allocators can't fill, and what libraries keep that nobody says


def estimate_bytes(
    config: ExperimentConfig, sequences: Sequences, *, products: torch.dtype, devices: int = 1
) -> int:
    """Bytes on each of so many GPUs for training `config` on these responses."""
    window = config.model.window
    learned = max(-(-config.training.batch_tokens // devices), window)
    n_sets = sequences.vocabulary.n_sets
    step = step_bytes(config, learned, n_sets=n_sets, size=products.itemsize)
    evaluation = _evaluation_bytes(config, max(EVALUATION_TOKENS["cuda"], window))
    # A captured step has memory of its own beside what ran before it was captured.
    working = step + max(step, evaluation)
    kept = WEIGHT_BYTES * count_weights(config, sequences.n_skills) + STEP_BYTES * sequences.n_responses
    return CONTEXT_BYTES + WORKSPACE_BYTES + int(SAFETY * (kept + working))


def count_weights(config: ExperimentConfig, n_skills: int) -> int:
    """Of the network, which is built without memory for it."""
    with torch.device("meta"):
        network = empty_network(config.model, n_skills=n_skills)
    return sum(weights.numel() for weights in network.parameters())


def step_bytes(config: ExperimentConfig, steps: int, *, n_sets: int, size: int) -> int:
    """What is kept of a batch from the way there to the way back, and the most that comes on top of it."""
    model = config.model
    kept, passing = BATCH_STEP_BYTES * steps, 0
    if isinstance(model, IktSettings):
        width, scores = model.d_model, steps * model.window * model.n_heads
        # Of a block: three norms with what goes in and comes out and both streams behind it, all of them
        # added up in 4 bytes; 16 widths before and behind products, 3 masks; both ends of the GELU; of the
        # attention its bias and its weights.
        block = steps * ((40 + 16 * size) * width + 2 * size * model.d_ff) + 2 * size * scores
        heads = steps * (16 + 14 * size) * width
        # Of each block its distances in 4 bytes and what it may look at in 1; of all together equal skills.
        seen = 5 * steps * model.window
        kept += model.n_blocks * (block + seen) + heads + seen
        # The bias of one block while it is made, or gone back through.
        passing = 16 * scores + 4 * steps * (2 * model.d_ff + 6 * width)
    tables = TABLE_BYTES * n_sets * (model.d_model if model.type != "reference" else 0)
    recurrent = (steps * (16 + 20 * size) + TABLE_BYTES * n_sets) * _recurrent_width(config)
    return kept + passing + tables + recurrent


def _evaluation_bytes(config: ExperimentConfig, steps: int) -> int:
    """One block at a time, in 4 bytes; nothing is gone back through."""
    model = config.model
    working = BATCH_STEP_BYTES * steps
    if isinstance(model, IktSettings):
        working += 4 * steps * (16 * model.d_model + 2 * model.d_ff)
        working += 5 * steps * model.window + 16 * steps * model.window * model.n_heads
    return working + 40 * steps * _recurrent_width(config)


def _recurrent_width(config: ExperimentConfig) -> int:
    model = config.model
    if isinstance(model, IktSettings):
        return model.recurrent_width
    return model.d_model if model.type == "dkt" else 0
