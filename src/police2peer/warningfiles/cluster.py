# SPDX-License-Identifier: EUPL-1.2
"""Making on many machines: a Dask cluster as an executor. It needs the extra `cluster`.

Every worker must see the folder of the files under the same path, and have the same lock file installed. What travels
are messages, codes and recipes; clips and the key for content credentials are read where the worker runs.
"""

import importlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from police2peer.errors import Unavailable

__all__ = ["cluster_executor"]

_PATIENCE_S = 20


@contextmanager
def cluster_executor(scheduler: str) -> Iterator[Executor]:
    """Give the cluster behind the scheduler at this address (`tcp://host:port`) as an executor.

    Raises `Unavailable` when the extra is not installed or the scheduler does not answer.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise Unavailable(
            "making on a cluster needs Dask, which is not installed", remedy="run `pip install police2peer[cluster]`"
        ) from error
    try:
        client = distributed.Client(scheduler, timeout=_PATIENCE_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(
            "the scheduler of the cluster does not answer", remedy="start `dask scheduler`, or correct its address"
        ) from error
    with client, client.get_executor(pure=False) as executor:
        if not client.scheduler_info()["workers"]:
            raise Unavailable("the cluster has no workers", remedy="start `dask worker` on the machines that make")
        yield executor
