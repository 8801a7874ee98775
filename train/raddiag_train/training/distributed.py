"""Several processes, on one machine or many, that compute one run: started by torchrun, one process a GPU.

Every process knows the whole batch but reads, augments and encodes only its share of the scans. The embeddings are
then added up, and fusion and loss, which cost next to nothing, are computed by all of them alike. So the cases, the
random draws and, up to rounding, the losses are those of one process, whatever the number of processes; a run may go
on with another number. Sums over processes go through `Processes.total`, whose gradient is the sum of the gradients:
as every process computes the same loss, that gradient is too large by the number of processes, and the mean that
DistributedDataParallel takes makes it right.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from raddiag_engine.errors import ConfigError
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import Share
from raddiag_train.training.synchronised_norm import synchronise_norms

PATIENCE = timedelta(hours=12)  # one process may prepare a whole data set while the others wait

P = ParamSpec("P")
Network = TypeVar("Network", bound=nn.Module)
BatchLoss = Callable[P, Tensor]


@dataclass(frozen=True)
class Processes:
    """This process among those of a run.

    Attributes:
        rank: Of this process; 0 leads: it logs, saves and publishes.
        local_rank: Among those of this machine.
        count: Of all processes.
    """

    rank: int = 0
    local_rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """True in one process of the run."""
        return self.rank == 0

    @property
    def share(self) -> Share | None:
        """The scans that this process computes; None for all."""
        return None if self.count == 1 else Share(self.rank, self.count)

    def total(self, tensor: Tensor) -> Tensor:
        """The sum over the processes, with its gradient."""
        return tensor if self.count == 1 else _Total.apply(tensor)

    def any(self, flag: bool) -> bool:
        """True in all processes if it is in one; they meet here."""
        return flag if self.count == 1 else self._extremes(int(flag))[1] > 0

    def agree(self, number: int) -> bool:
        """True if all processes have the same number."""
        least, most = self._extremes(number)
        return least == most

    def _extremes(self, number: int) -> tuple[int, int]:
        if self.count == 1:
            return number, number
        # On the CPU, so that no GPU is waited for.
        extremes = torch.tensor([-number, number])
        dist.all_reduce(extremes, dist.ReduceOp.MAX)
        return -int(extremes[0]), int(extremes[1])

    @contextmanager
    def one_after_another(self) -> Iterator[None]:
        """The first process goes first, then one of every other machine, then the rest.

        What the first writes, such as prepared scans, is there for the others.
        """
        turn = 0 if self.leads else 1 if self.local_rank == 0 else 2
        for _ in range(turn):
            self.any(False)
        yield
        for _ in range(turn, 2):
            self.any(False)

    def share_network(self, network: RadDiag) -> None:
        """Make batch norms take the statistics of the whole batch."""
        if self.count > 1:
            synchronise_norms(network, self.total)

    def share_loss(self, network: Network, loss: Callable[Concatenate[Network, P], Tensor]) -> BatchLoss[P]:
        """The loss as a function of a batch, whose backward pass leaves the same gradients in all processes.

        Args:
            network: Whose parameters are learned.
            loss: Of a batch, given the network; the same in all processes.
        """
        if self.count == 1:
            return partial(loss, network)
        # A batch may have no volumes, so that some parameters are not used.
        return DistributedDataParallel(_LossModule(network, loss), find_unused_parameters=True)

    @staticmethod
    def exchanging(loss: BatchLoss[P], exchange: bool) -> AbstractContextManager[object]:
        """The context of a forward and backward pass: gradients of all but a batch's last part stay in the process."""
        return nullcontext() if exchange or not isinstance(loss, DistributedDataParallel) else loss.no_sync()


class _Total(torch.autograd.Function):
    """The sum over the processes; so is its gradient."""

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total


class _LossModule(nn.Module):
    """A loss as a module, which is what DistributedDataParallel wraps."""

    def __init__(self, network: nn.Module, loss: Callable[..., Tensor]) -> None:
        super().__init__()
        self.network = network
        self.loss = loss

    def forward(self, *arguments: object) -> Tensor:
        return self.loss(self.network, *arguments)


def is_leader() -> bool:
    """True in the process of a run that speaks for all of them, and outside torchrun."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined_processes() -> Iterator[Processes]:
    """Join the processes that torchrun started; outside torchrun there is one.

    Raises:
        ConfigError: There are more processes on this machine than GPUs.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1 or "RANK" not in os.environ:
        yield Processes()
        return
    rank, local_rank = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    backend = "gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        gpus = torch.cuda.device_count()
        if local_rank >= gpus:
            raise ConfigError(f"torchrun started more processes than the {gpus} GPUs here; use --nproc-per-node {gpus}")
        torch.cuda.set_device(local_rank)
    # Of 1 x 1 convolutions, for which both layouts are the same.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    dist.init_process_group(backend, timeout=PATIENCE)
    yield Processes(rank, local_rank, count)
    # Not after an error: the others may be waiting, and torchrun ends them.
    dist.destroy_process_group()
