"""Detects what this computer can compute on, without importing anything heavy."""

import ctypes
import ctypes.util
import importlib.metadata
import importlib.util
import os
import platform
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

NICENESS = 10
"""Added to the niceness of the networks' threads when there is a window: 0 is the default, 19 the lowest priority."""


def has_tensorflow() -> bool:
    """Whether TensorFlow is installed; it is not imported."""
    return importlib.util.find_spec("tensorflow") is not None


def has_tensorflow_package() -> bool:
    """Whether TensorFlow can be installed here: its project has no packages for Intel Macs and Windows on ARM."""
    return (platform.system(), platform.machine()) not in {("Darwin", "x86_64"), ("Windows", "ARM64")}


def gpu_in_sight() -> bool:
    """Whether the system lists a GPU that TensorFlow might use. Only TensorFlow knows whether it can."""
    system = platform.system()
    if system == "Linux":
        return _nvidia_gpus() > 0 or (Path("/dev/kfd").exists() and _is_installed("tensorflow-rocm"))
    if system == "Darwin":
        return platform.machine() == "arm64" and _is_installed("tensorflow-metal")
    return False  # since version 2.11 TensorFlow supports GPUs on Windows only under WSL


def has_cuda_libraries() -> bool:
    """Whether TensorFlow's CUDA libraries, a separate package, are installed; True if none are needed."""
    if platform.system() != "Linux" or not _nvidia_gpus():
        return True
    try:
        if importlib.util.find_spec("nvidia.cudnn") is not None:
            return True
    except ModuleNotFoundError:
        pass
    return ctypes.util.find_library("cudnn") is not None


def _nvidia_gpus() -> int:
    """Number of GPUs the driver lists; 0 without a driver. Queries the driver, not a GPU."""
    if not any(Path(name).exists() for name in ("/dev/nvidiactl", "/dev/dxg")):
        return 0
    count = ctypes.c_int(0)
    try:
        driver = ctypes.CDLL("libcuda.so.1")
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
            return 0
    except (OSError, AttributeError):
        return 0
    return count.value


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def has_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions; always False except on Linux.

    With them VGG-Face takes half of its float32 time (measured with AVX512-BF16), or a third (with AMX).
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").partition("flags")[2].split("\n")[0]
    except OSError:
        return False
    return bool({"amx_bf16", "avx512_bf16"} & set(flags.split()))


def in_background(work: Callable[[], T]) -> T:
    """Run `work` so that the threads it starts have a low CPU priority (Linux only), and return its result.

    Threads inherit the priority of the thread that starts them. The calling thread keeps its own priority: it sometimes
    holds the GIL, and other threads would wait for it.
    """
    if sys.platform != "linux":
        return work()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(niceness + NICENESS, 19))
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="network loader")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
