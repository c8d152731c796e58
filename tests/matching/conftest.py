"""Fixtures of the tests of matching."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.data.staging import read_staged, stage_upload
from core.encoder import client
from core.matching.models import UsedModel
from core.matching.tables import TableChoice
from core.models.fingerprint import model_fingerprint
from core.workspace import Workspace
from tests.pages.compared import make_model
from tests.retrieval.stand_in import CharacterEncoder


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> CharacterEncoder:
    """Takes the place of the encoder process, which has its own tests."""
    stand_in = CharacterEncoder()
    monkeypatch.setattr(client, "encode", stand_in.encode)
    return stand_in


@pytest.fixture
def model(tmp_path: Path) -> UsedModel:
    folder = make_model(tmp_path / "characters")
    fingerprint = model_fingerprint(folder)
    return UsedModel(role="bundled", name="Characters", folder=folder, fingerprint=fingerprint)


def upload(workspace: Workspace, name: str, columns: dict[str, list[str]]) -> str:
    """A table as somebody uploads it; returns the upload's id."""
    data = pd.DataFrame(columns).to_csv(index=False).encode()
    id = stage_upload(workspace, data, name)
    read_staged(workspace, id)
    return id


def choice(id: str, text: str, **more: object) -> TableChoice:
    return TableChoice(kind="upload", id=id, text=text, **more)
