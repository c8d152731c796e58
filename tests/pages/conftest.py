"""Fixtures of the screens' tests."""

from __future__ import annotations

import pytest

from core.encoder import client
from tests.retrieval.stand_in import CharacterEncoder
from ui import jobs


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> CharacterEncoder:
    """Takes the place of the encoder process, and nobody serves the queue but the test."""
    stand_in = CharacterEncoder()
    monkeypatch.setattr(client, "encode", stand_in.encode)
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda workspace: None)
    return stand_in
