"""Ray: started on this computer for one run, or a cluster that is running already."""

import logging
import os
import re
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Generator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

import pyarrow as pa

from agecam.errors import UsageError
from agecam.runtime.quiet import quiet_stderr

_ENVIRONMENT = {
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_PROMPT_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # otherwise Ray warns of a change that does not concern AgeCam
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_worker_niceness": "0",  # that of the command, as in `agecam analyze`
}
_HOST = re.compile(r"(?:ray://)?([^/@]+):(\d+)")
_CLIENT = "ray://"
_CONNECT_S = 10.0
_THREAD_S = 20.0
_PARKED = "Prefetcher"
"""Name of a thread of Ray Data that never ends, and calls nothing then."""
_LONGEST_FOLDER = 30

Results = Generator[dict[str, Any], None, None]
"""Rows of the schema `RESULTS`."""

_OBJECT_STORE_BYTES = 256 << 20
"""Only work lists and counts go through it; pictures are read by the workers."""


class Cluster:
    """A connection to Ray. Leaving the block ends it, and Ray too if it was started for this run."""

    def __init__(self, address: str | None, workers: int | None) -> None:
        """
        Args:
            address: of a running cluster, or `auto` for the one of this computer; None to start Ray for this run.
            workers: number of workers; None for all cores of the cluster.
        """
        self._address = address
        self._undo = ExitStack()
        self.workers = workers or 0
        """Number of workers; known in the block."""

    def __enter__(self) -> "Cluster":
        """Raises UsageError if there is no such cluster."""
        os.environ.update(_ENVIRONMENT)
        if self._address is None:
            # Ray's processes talk over ports that others can reach: they answer only who has the token of this run.
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
        with quiet_stderr:  # Ray reports its own log level
            import ray
            import ray.data

            try:
                self._connect(ray)
            except BaseException:
                self._undo.close()
                raise
        self.workers = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        logging.getLogger("ray").setLevel(logging.ERROR)
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what it raises is shown
        with suppress(ImportError):
            from ray._private import worker

            worker.print_to_stdstream = _discarded  # whatever the log level, it prints the deaths of workers
        return self

    def _connect(self, ray: Any) -> None:
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address is None:
            folder = tempfile.mkdtemp(prefix="agecam-")
            self._undo.callback(shutil.rmtree, folder, ignore_errors=True)
            self._undo.callback(ray.shutdown)
            ray.init(
                address="local",
                num_cpus=self.workers or None,  # Ray heeds the limits of containers
                num_gpus=0,
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                # Readable for this user only; but names of sockets may not be long.
                _temp_dir=f"{folder}/ray" if len(folder) < _LONGEST_FOLDER else None,
                **quiet,
            )
            return
        try:
            if found := _HOST.fullmatch(self._address):  # Ray itself would wait for minutes
                socket.create_connection((found[1].strip("[]"), int(found[2])), _CONNECT_S).close()
            self._undo.callback(ray.shutdown)
            ray.init(address=self._address, **quiet)
        except (OSError, ImportError, ValueError, RuntimeError) as error:
            raise UsageError(
                "The Ray cluster at {address} cannot be reached ({reason}): start one with 'ray start --head', set "
                "RAY_AUTH_MODE=token if it asks for a token, or leave out --address.",
                address=self._address,
                reason=(str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
            ) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def put(self, table: pa.Table) -> tuple[Any, int]:
        """Store a batch for the workers; its reference and its number of rows."""
        import ray

        return ray.put(table), table.num_rows

    def results(self, references: list[Any], worker: type, *arguments: object) -> Results:
        """What a pool of workers, each constructed with the arguments, returns for the batches, as soon as it is there.

        Ray Data restarts workers that die and does their batches again. Raises what a worker raises, wrapped by Ray.
        """
        if not str(self._address).startswith(_CLIENT):
            yield from _results(references, self.workers, worker, arguments)
            return
        import ray

        # Ray Data does not run in Ray's client.
        remote = ray.remote(num_cpus=0)(_Remote).remote(references, self.workers, worker, arguments)
        while (row := ray.get(remote.next.remote())) is not None:
            yield row


class _Remote:
    """Runs Ray Data in the cluster."""

    def __init__(self, *arguments: Any) -> None:
        self._results = _results(*arguments)

    def next(self) -> dict[str, Any] | None:
        """The next result; None after the last."""
        return next(self._results, None)


def _results(references: list[Any], workers: int, worker: type, arguments: tuple[object, ...]) -> Results:
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    results = ray.data.from_arrow_refs(references).map_batches(
        worker,
        fn_constructor_args=arguments,
        batch_size=None,
        batch_format="pyarrow",
        zero_copy_batch=True,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(references))),
    )
    threads = set(threading.enumerate())
    blocks: Any = iter(results.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
    try:
        for block in blocks:
            yield from block.to_pylist()
    finally:
        del blocks, results  # which ends Ray Data
        _wait_for_threads(set(threading.enumerate()) - threads)


def _wait_for_threads(threads: set[threading.Thread]) -> None:
    """Wait until those of Ray Data have ended: if one calls Ray after its shutdown, Ray ends the process at once."""
    for thread in threads:
        function = getattr(thread, "_target", None)
        module = str(getattr(function, "__module__", None) or type(thread).__module__)
        if module.startswith("ray.data") and thread.name != _PARKED:
            thread.join(_THREAD_S)


def _discarded(*_: object, **__: object) -> None:
    pass
