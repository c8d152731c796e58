"""One encoder process on the bundled model for all tests of this folder."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from core.encoder.client import encode
from core.encoder.keeper import start_server
from core.files import write_json
from core.models.bundled import bundled_path
from core.training.speed import GUESS, SPEED_FILE
from core.workspace import Workspace
from tests.models.made import save_static
from tools.workbench import end_processes_of


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with a running encoder that has the bundled model in memory."""
    workspace = Workspace.open(tmp_path_factory.mktemp("served") / "workspace")
    # Known already, so that the encoder does not begin by measuring it.
    write_json(workspace.cache / SPEED_FILE, asdict(replace(GUESS, measured=True)))
    server = start_server(workspace)
    try:
        encode(workspace, bundled_path(), ["warm"])
        yield workspace
    finally:
        end_processes_of(workspace.root)
        server.send_signal(signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static model, not to be changed."""
    return save_static(tmp_path_factory.mktemp("small") / "model")
