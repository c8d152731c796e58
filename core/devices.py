"""The devices of this machine, read through NVML and the operating system, never through torch."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psutil

from core.problems import N_, Problem

_AMPERE = (8, 0)
"""The first compute capability with bfloat16 and TF32 arithmetic (NVIDIA's Ampere)."""


class DriverTooOld(Problem):
    what = N_(
        "The NVIDIA driver {driver} supports CUDA up to {supported}, but the installed PyTorch was "
        "built for CUDA {built}; training would run on the CPU."
    )
    do = N_("Update the NVIDIA driver, then start Pairloom again.")


class PyTorchForCpuOnly(Problem):
    what = N_("There is a GPU ({name}), but the installed PyTorch was built for the CPU only.")
    do = N_("Delete the folder .venv and start Pairloom again, so that PyTorch is installed anew.")


@dataclass(frozen=True)
class Device:
    """A processor that can train.

    Attributes:
        id: "cpu" or "cuda:0", "cuda:1" …
        name: as its maker calls it.
        total_bytes: its memory.
        free_bytes: how much of that is free now.
        precision: the arithmetic that training uses there: "fp32" or "bf16".
        cores: processor cores that this process may use; 0 for a GPU.
    """

    id: str
    name: str
    total_bytes: int
    free_bytes: int
    precision: str
    cores: int = 0


def list_devices() -> list[Device]:
    """The CPU and every GPU that the installed PyTorch can use."""
    gpus = _gpus() if driver_problem() is None else []
    return [_cpu(), *gpus]


def driver_problem() -> Problem | None:
    """Why a GPU that is there cannot be used; None when all is well or there is no GPU."""
    gpus = _gpus()
    if not gpus:
        return None
    built = _torch_cuda_version()
    if built is None:
        return PyTorchForCpuOnly(name=gpus[0].name)
    with _nvml() as nvml:
        if nvml is None:
            return None
        number = nvml.nvmlSystemGetCudaDriverVersion_v2()
        driver = nvml.nvmlSystemGetDriverVersion()
    supported = (number // 1000, number % 1000 // 10)
    # Within a major version, a newer toolkit runs on an older driver (CUDA's minor version
    # compatibility: https://docs.nvidia.com/deploy/cuda-compatibility/).
    if supported[0] < built[0]:
        return DriverTooOld(
            driver=driver,
            supported=".".join(map(str, supported)),
            built=".".join(map(str, built)),
        )
    return None


def usable_cores() -> int:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> Device:
    memory = psutil.virtual_memory()
    return Device("cpu", _cpu_name(), memory.total, memory.available, "fp32", usable_cores())


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE)
        if found:
            return " ".join(found[1].split())
    return platform.processor() or platform.machine()


def _gpus() -> list[Device]:
    devices = []
    with _nvml() as nvml:
        if nvml is None:
            return []
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            capability = tuple(nvml.nvmlDeviceGetCudaComputeCapability(handle))
            precision = "bf16" if capability >= _AMPERE else "fp32"
            name = nvml.nvmlDeviceGetName(handle)
            devices.append(Device(f"cuda:{index}", name, memory.total, memory.free, precision))
    return devices


@contextlib.contextmanager
def _nvml() -> Iterator[ModuleType | None]:
    """NVIDIA's management library; None on a machine without its driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def _torch_cuda_version() -> tuple[int, int] | None:
    """The CUDA version that PyTorch was built for, from its files; None for CPU builds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    found = re.search(r"^cuda\b[^=]*=\s*'(\d+)\.(\d+)'", text, re.MULTILINE)
    return (int(found[1]), int(found[2])) if found else None
