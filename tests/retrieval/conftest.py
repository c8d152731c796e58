"""Fixtures of the retrieval tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.encoder import client
from core.workspace import Workspace
from tests.retrieval.stand_in import CharacterEncoder


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "w")


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> CharacterEncoder:
    """Takes the place of the encoder process, which has its own tests."""
    stand_in = CharacterEncoder()
    monkeypatch.setattr(client, "encode", stand_in.encode)
    return stand_in
