"""What the browser asks for while it shows a run at work: words, figures, and who may see them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware

from core.export.tokens import LIFETIME_SECONDS, make_token
from core.jobs import queue
from core.jobs.events import EventWriter
from core.jobs.status import JobState, JobStatus
from core.training.run_removal import bury
from core.training.runs import load_run
from core.workspace import Workspace
from tests.pages.made import make_run
from ui.live_run import ROUTES, answer, watched


@pytest.fixture
def client() -> TestClient:
    """A client of the route behind the middleware that Streamlit puts before it."""
    server = Starlette(routes=ROUTES, middleware=create_streamlit_middleware())
    return TestClient(server, base_url="http://127.0.0.1:8501")


@pytest.fixture
def run(workspace: Workspace) -> str:
    """A run at work that has made no step."""
    return make_run(workspace, JobState.RUNNING, done=0.0)


def ask(client: TestClient, workspace: Workspace, run: str, **params: object) -> dict[str, Any]:
    token = make_token(workspace, f"live:{run}")
    found = client.get(f"/live/run/{run}", params={"token": token, **params})
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    return dict(found.json())


def write(workspace: Workspace, run: str, *steps: int) -> None:
    writer = EventWriter(workspace.run(run))
    writer.write({"type": "start", "step": min(steps) - 1, "steps": 1000})
    for step in steps:
        point = {"step": step, "epoch": step / 10, "loss": 10 / step, "learning_rate": 1e-3}
        more = {"rows_per_second": 12.5, "memory_bytes": 10**9, "eta_seconds": 80}
        writer.write({"type": "train", **point, **more})
    writer.close()


def test_what_was_written_since_is_in_the_next_answer(
    client: TestClient, workspace: Workspace, run: str
) -> None:
    empty = ask(client, workspace, run)
    assert dict(empty["figures"])["Step"] == "–" and empty["chart"] is None
    assert empty["waiting"].startswith("The loss appears here")
    write(workspace, run, 1, 2)
    first = ask(client, workspace, run)
    assert dict(first["figures"])["Step"] == "2 / 1000" and not first["waiting"]
    assert json.loads(first["chart"]["figure"])["data"][0]["x"] == [1, 2]
    write(workspace, run, 3)
    second = ask(client, workspace, run, seen=first["version"])
    assert json.loads(second["chart"]["figure"])["data"][0]["x"] == [1, 2, 3]


def test_a_chart_that_is_drawn_already_or_not_wanted_does_not_travel(
    client: TestClient, workspace: Workspace, run: str
) -> None:
    write(workspace, run, 1, 2)
    version = ask(client, workspace, run)["version"]
    assert ask(client, workspace, run, seen=version)["chart"] is None
    write(workspace, run, 3)
    late = ask(client, workspace, run, seen=version, chart="no")
    assert late["chart"] is None and dict(late["figures"])["Step"] == "3 / 1000"


@pytest.mark.parametrize(
    ("language", "step", "waiting"),
    [
        ("zh_CN", "步数", "第一步完成后"),
        ("en", "Step", "The loss appears here"),
        ("tlh", "Step", "The loss appears here"),
        ("", "Step", "The loss appears here"),
    ],
)
def test_it_speaks_the_language_of_the_page(
    client: TestClient, workspace: Workspace, run: str, language: str, step: str, waiting: str
) -> None:
    found = ask(client, workspace, run, language=language)
    assert found["figures"][0][0] == step and waiting in found["waiting"]


def test_a_change_of_state_and_a_wish_to_stop_are_told(
    client: TestClient, workspace: Workspace, run: str
) -> None:
    before = ask(client, workspace, run)["watched"]
    assert before == watched(load_run(workspace, run))
    queue.request_stop(workspace, run)
    asked = ask(client, workspace, run)["watched"]
    folder = workspace.run(run)
    replace(JobStatus.load(folder), state=JobState.CANCELLED).save(folder)
    assert len({before, asked, ask(client, workspace, run)["watched"]}) == 3


def test_every_answer_brings_the_token_for_the_next(
    client: TestClient, workspace: Workspace, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("core.export.tokens.time.time", lambda: now[0])
    token = answer(workspace, load_run(workspace, run))["token"]
    for _ in range(3):
        now[0] += LIFETIME_SECONDS - 1
        token = client.get(f"/live/run/{run}", params={"token": token}).json()["token"]
    now[0] += LIFETIME_SECONDS + 1
    assert client.get(f"/live/run/{run}", params={"token": token}).status_code == 403


def test_without_its_own_token_nothing_is_told(
    client: TestClient, workspace: Workspace, run: str
) -> None:
    other = make_run(workspace, JobState.RUNNING, name="other")
    for token in ("", "9999999999.abc", make_token(workspace, f"live:{other}")):
        refused = client.get(f"/live/run/{run}", params={"token": token})
        assert refused.status_code == 403 and refused.content == b""


def test_a_run_that_was_deleted_meanwhile_is_not_found(
    client: TestClient, workspace: Workspace, run: str
) -> None:
    token = make_token(workspace, f"live:{run}")
    bury(workspace.run(run))
    assert client.get(f"/live/run/{run}", params={"token": token}).status_code == 404


def test_the_app_serves_the_route() -> None:
    from app import app

    assert all(route in app._user_routes for route in ROUTES)
