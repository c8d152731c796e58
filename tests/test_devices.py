"""What is said about the CPU is what the system says; a GPU that cannot be used is a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest

from core import devices
from core.devices import DriverTooOld, PyTorchForCpuOnly, driver_problem, list_devices, usable_cores

GIB = 2**30


def test_the_cpu_as_the_system_sees_it() -> None:
    cpu = list_devices()[0]
    memory = psutil.virtual_memory()
    assert (cpu.id, cpu.precision, cpu.total_bytes) == ("cpu", "fp32", memory.total)
    assert abs(cpu.free_bytes - memory.available) < 2 * GIB
    assert cpu.cores == usable_cores() == len(psutil.Process().cpu_affinity() or [])
    assert cpu.name.strip()


class StandIn:
    """Answers as NVIDIA's library does; the machines that test this have no GPU."""

    def __init__(self, cuda: int, capability: tuple[int, int]) -> None:
        self.nvmlDeviceGetCount = lambda: 1
        self.nvmlDeviceGetHandleByIndex = lambda index: index
        self.nvmlDeviceGetMemoryInfo = lambda _: SimpleNamespace(total=16 * GIB, free=15 * GIB)
        self.nvmlDeviceGetCudaComputeCapability = lambda _: capability
        self.nvmlDeviceGetName = lambda _: "NVIDIA T4"
        self.nvmlSystemGetCudaDriverVersion_v2 = lambda: cuda
        self.nvmlSystemGetDriverVersion = lambda: "525.60.13"


def install(
    monkeypatch: pytest.MonkeyPatch,
    built: tuple[int, int] | None,
    cuda: int = 13000,
    capability: tuple[int, int] = (7, 5),
) -> None:
    @contextlib.contextmanager
    def nvml() -> Iterator[StandIn]:
        yield StandIn(cuda, capability)

    monkeypatch.setattr(devices, "_nvml", nvml)
    monkeypatch.setattr(devices, "_torch_cuda_version", lambda: built)


@pytest.mark.parametrize(("capability", "precision"), [((7, 5), "fp32"), ((9, 0), "bf16")])
def test_a_gpu_that_fits_is_offered_with_its_memory_and_arithmetic(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], precision: str
) -> None:
    install(monkeypatch, built=(13, 2), capability=capability)
    assert driver_problem() is None
    gpu = list_devices()[1]
    assert (gpu.id, gpu.name, gpu.precision) == ("cuda:0", "NVIDIA T4", precision)
    assert (gpu.free_bytes, gpu.total_bytes) == (15 * GIB, 16 * GIB)


def test_an_old_driver_is_said_and_its_gpu_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, built=(13, 0), cuda=12040)
    problem = driver_problem()
    assert isinstance(problem, DriverTooOld)
    assert "driver 525.60.13 supports CUDA up to 12.4" in str(problem)
    assert "built for CUDA 13.0; training would run on the CPU" in str(problem)
    assert [device.id for device in list_devices()] == ["cpu"]


def test_a_pytorch_without_cuda_beside_a_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, built=None)
    problem = driver_problem()
    assert isinstance(problem, PyTorchForCpuOnly)
    assert "There is a GPU (NVIDIA T4), but the installed PyTorch" in str(problem)
    assert [device.id for device in list_devices()] == ["cpu"]


def test_pytorchs_cuda_version_is_what_pytorch_itself_says() -> None:
    import torch

    built = devices._torch_cuda_version()
    assert (f"{built[0]}.{built[1]}" if built else None) == torch.version.cuda
