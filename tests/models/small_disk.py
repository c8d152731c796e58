"""A workspace on a small disk that fills up while a model is fetched, and is emptied again.

``unshare -rm python -m tests.models.small_disk FOLDER ADDRESS``: in a process with file systems of
its own a disk of 56 MB is put in place of FOLDER.  Prints how the download from the hub at ADDRESS
ends there, and how it ends once there is room again.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.jobs import queue
from core.jobs.status import JobStatus
from core.jobs.supervisor import ensure_supervisor
from core.models.hub.jobs import params_for
from core.models.hub.settings import save_hub
from core.workspace import Workspace
from tools.workbench import end_processes_of

_DISK, _PATIENCE_SECONDS = "56M", 60.0


def main(folder: Path, address: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", folder], check=True)
    workspace = Workspace.open(folder / "workspace")
    save_hub(workspace, "huggingface", address=address, token=None)
    parts = list[Path]()

    def begun() -> bool:
        parts[:] = workspace.models.rglob("model.safetensors.part")
        return bool(parts) and parts[0].stat().st_size > 100_000

    id = _submit(workspace)
    _until(begun)
    others = folder / "others"
    with contextlib.suppress(OSError), others.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    _report(workspace, id, arrived=parts[0])
    others.unlink()
    _report(workspace, _submit(workspace))


def _submit(workspace: Workspace) -> str:
    params = params_for("huggingface", "tiny/static", None)
    id = queue.submit(workspace, "fetch_repo", params, name="fetch")
    ensure_supervisor(workspace)
    return id


def _report(workspace: Workspace, id: str, arrived: Path | None = None) -> None:
    folder = workspace.job(id)
    _until(lambda: not JobStatus.load(folder).state.active)
    status = JobStatus.load(folder)
    what, do = status.error_messages or (None, None)
    told = {
        "state": status.state,
        "what": what.text() if what else None,
        "do": do.text() if do else None,
        "arrived": arrived.stat().st_size if arrived else None,
    }
    print(json.dumps(told), flush=True)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    finally:
        end_processes_of(Path(sys.argv[1]) / "workspace")
