"""``hub``: addresses, tokens that nobody sees, and the models that are here."""

from __future__ import annotations

import io
import json

import pytest

from core.cli.output import DONE, REFUSED
from core.models.hub.listing import Snapshot
from core.models.hub.settings import hub_of
from core.models.hub.shelf import begin, list_unfinished
from core.workspace import Workspace
from tests.cli.conftest import Run

TOKEN = "hf_verySecret123"


def test_an_address_and_a_token_are_set(
    workspace: Workspace, core: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_TOKEN", "HF_ENDPOINT", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert "no token" in core("hub", "show")[1]
    core("hub", "set", "huggingface", "--address", "https://hf-mirror.com")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    code, said, told = core("hub", "set", "huggingface", "--token")
    hub = hub_of(workspace, "huggingface")
    assert code == DONE and (hub.address, hub.token) == ("https://hf-mirror.com", TOKEN)
    shown = json.loads(core("hub", "show", "--json")[1])
    assert shown[0] == {
        "source": "huggingface",
        "address": "https://hf-mirror.com",
        "own_address": True,
        "token": True,
    }
    assert TOKEN not in said + told + str(shown)
    core("hub", "set", "huggingface", "--forget-token")
    core("hub", "set", "huggingface", "--usual-address")
    hub = hub_of(workspace, "huggingface")
    assert (hub.token, hub.own_address) == (None, False)
    assert "not the address of a hub" in core("hub", "set", "modelscope", "--address", "x")[2]
    assert "what is to be set" in core("hub", "set", "modelscope")[2]


def test_a_begun_model_is_listed_and_deleted(workspace: Workspace, core: Run) -> None:
    snapshot = Snapshot("huggingface", "BAAI/bge-small-zh-v1.5", "main", "0" * 40, "0" * 40, ())
    begin(workspace, snapshot)
    (one,) = json.loads(core("hub", "list", "--json")[1])
    assert (one["repo"], one["whole"]) == (snapshot.repo, False)
    assert "begun" in core("hub", "list")[1]
    code, _, told = core("hub", "delete", snapshot.repo)
    assert code == REFUSED and "Nothing was deleted" in told and list_unfinished(workspace)
    assert core("hub", "delete", snapshot.repo, "--revision", "1")[0] == REFUSED
    assert core("hub", "delete", snapshot.repo, "--revision", "00", "--yes")[0] == DONE
    assert list_unfinished(workspace) == []
    assert "No model named" in core("hub", "delete", snapshot.repo, "--yes")[2]
