"""Batches on the device that trains. Worker processes make the views while a GPU trains."""

import mmap
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import cv2
import numpy as np
import torch

from agecam.errors import UsageError

Batch = tuple[torch.Tensor, torch.Tensor]
"""`(B, side, side, 3) uint8` RGB, and the targets of each face."""


class EpochBatches(Protocol):
    """Batches of pictures and targets that can be made in any order, on any process."""

    epoch: int

    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> tuple[Any, Any]: ...
    def on_epoch_begin(self) -> None:
        """Draw the batches of the next epoch."""


def feed(batches: EpochBatches, device: torch.device, workers: int) -> Iterator[Batch]:
    """The batches of epoch after epoch, without end; at the epoch that `batches` is at.

    Args:
        batches: which views an epoch consists of does not depend on the number of workers.
        device: where the batches are wanted.
        workers: number of processes; 0 makes the views between the steps.
    """
    return _by_workers(batches, device, workers) if workers else _between_steps(batches, device)


def _between_steps(batches: EpochBatches, device: torch.device) -> Iterator[Batch]:
    while True:
        for index in range(len(batches)):
            faces, targets = batches[index]
            yield torch.from_numpy(faces).to(device), torch.from_numpy(targets).to(device)
        batches.on_epoch_begin()


def _by_workers(batches: EpochBatches, device: torch.device, workers: int) -> Iterator[Batch]:
    with _Workers(batches, workers) as made:
        if device.type != "cuda":
            for faces, targets in made.batches():
                yield torch.from_numpy(faces.copy()), torch.from_numpy(targets.copy())
            return
        made.pin()
        ready: queue.Queue[Batch | BaseException] = queue.Queue(4)
        threading.Thread(target=_copy_ahead, args=(made, device, ready), daemon=True).start()
        while True:
            batch = ready.get()
            if isinstance(batch, BaseException):
                raise batch
            yield batch


def _copy_ahead(made: "_Workers", device: torch.device, ready: "queue.Queue[Batch | BaseException]") -> None:
    """Copy batches to the GPU on a stream of their own, while it computes."""
    stream = torch.cuda.Stream(device)
    try:
        for faces, targets in made.batches():
            with torch.cuda.stream(stream):
                batch = tuple(torch.from_numpy(of).to(device, non_blocking=True) for of in (faces, targets))
            stream.synchronize()
            ready.put((batch[0], batch[1]))
    except BaseException as error:
        ready.put(error)


class _Workers:
    """Processes that write batches into memory that they share with this one."""

    def __init__(self, batches: EpochBatches, workers: int) -> None:
        cv2.setNumThreads(1)  # before the fork: a child would wait for OpenCV's threads, which it does not have
        context = multiprocessing.get_context("fork")  # shares the pictures in memory
        faces, targets = batches[0]
        slots = 4 * workers
        self._memory = [mmap.mmap(-1, slots * of.nbytes) for of in (faces, targets)]
        self._slots = [
            np.frombuffer(memory, of.dtype).reshape(slots, *of.shape)
            for memory, of in zip(self._memory, (faces, targets), strict=True)
        ]
        self._steps, self._first = len(batches), batches.epoch
        self._tasks: Any = context.Queue()
        self._done: Any = context.Queue()
        self._processes = [
            context.Process(target=_work, args=(batches, self._slots, self._tasks, self._done), daemon=True)
            for _ in range(workers)
        ]

    def __enter__(self) -> "_Workers":
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()

    def pin(self) -> None:
        """Lock the shared memory, so that a GPU copies from it by itself."""
        for slots in self._slots:
            torch.cuda.check_error(torch.cuda.cudart().cudaHostRegister(slots.ctypes.data, slots.nbytes, 0))

    def batches(self) -> Iterator[tuple[Any, Any]]:
        """The batches in order. What one yields is overwritten once the next is asked for."""
        slots = len(self._slots[0])
        for number in range(slots):
            self._order(number, number)
        done: dict[int, tuple[int, Exception | None]] = {}
        number = 0
        while True:
            while number not in done:
                finished, slot, error = self._result()
                done[finished] = slot, error
            slot, error = done.pop(number)
            if error is not None:
                raise error
            yield tuple(of[slot] for of in self._slots)
            self._order(number + slots, slot)
            number += 1

    def _order(self, number: int, slot: int) -> None:
        self._tasks.put((number, slot, self._first + number // self._steps, number % self._steps))

    def _result(self) -> tuple[int, int, Exception | None]:
        while True:
            try:
                result: tuple[int, int, Exception | None] = self._done.get(timeout=5)
                return result
            except queue.Empty:
                if not all(process.is_alive() for process in self._processes):
                    raise UsageError(
                        "A process that makes the views was ended, as if the memory were full: pass fewer --workers."
                    ) from None


def _work(batches: EpochBatches, slots: list[Any], tasks: Any, done: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    parent = os.getppid()
    while True:
        try:
            number, slot, epoch, index = tasks.get(timeout=5)
        except queue.Empty:
            if os.getppid() != parent:  # it was killed
                return
            continue
        try:
            while batches.epoch < epoch:
                batches.on_epoch_begin()
            for of, values in zip(slots, batches[index], strict=True):
                of[slot] = values
        except Exception as error:
            done.put((number, slot, error))
        else:
            done.put((number, slot, None))
