"""The download route of the real server application: who may fetch what, and how it arrives."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware

from core.export.tokens import make_token
from core.workspace import Workspace
from ui.downloads import ROUTES, download_url

SERVER = "http://127.0.0.1:8501"


@pytest.fixture
def client(workspace: Workspace) -> TestClient:
    """A client of the routes behind the middleware that Streamlit puts before them."""
    server = Starlette(routes=ROUTES, middleware=create_streamlit_middleware())
    return TestClient(server, base_url=SERVER)


@pytest.fixture
def file(workspace: Workspace) -> Path:
    path = workspace.runs / "r1" / "export" / "model.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK" + bytes(range(256)) * 40)
    return path


def test_a_link_made_here_fetches_the_file_whole(
    client: TestClient, workspace: Workspace, file: Path
) -> None:
    answer = client.get(download_url(workspace, file))
    assert answer.status_code == 200
    assert answer.content == file.read_bytes()
    assert answer.headers["content-disposition"] == 'attachment; filename="model.zip"'
    assert answer.headers["content-length"] == str(file.stat().st_size)
    assert "content-encoding" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def test_a_part_can_be_fetched_so_that_a_broken_download_goes_on(
    client: TestClient, workspace: Workspace, file: Path
) -> None:
    answer = client.get(download_url(workspace, file), headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.content == file.read_bytes()[100:200]


def test_chinese_file_names_arrive(client: TestClient, workspace: Workspace, file: Path) -> None:
    answer = client.get(download_url(workspace, file, "中文 商品-模型.zip"))
    name = quote("中文 商品-模型.zip")
    assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{name}"


def test_a_name_cannot_lead_out_of_the_download_folder(
    client: TestClient, workspace: Workspace, file: Path
) -> None:
    answer = client.get(download_url(workspace, file, "../../evil.zip"))
    assert answer.headers["content-disposition"] == 'attachment; filename="evil.zip"'


def test_files_with_chinese_paths(client: TestClient, workspace: Workspace) -> None:
    path = workspace.runs / "说明 #1?.txt"
    path.write_text("好", encoding="utf-8")
    assert client.get(download_url(workspace, path)).text == "好"


@pytest.mark.parametrize("token", ["", "0.abc", "9999999999.abc", "x"])
def test_a_wrong_token_is_refused_in_words(client: TestClient, file: Path, token: str) -> None:
    answer = client.get("/download/runs/r1/export/model.zip", params={"token": token})
    assert answer.status_code == 403
    assert answer.text == (
        "This download link has expired. Go back to the workbench and click it again.\n"
    )


def test_an_expired_token_and_the_token_of_another_file_are_refused(
    client: TestClient, workspace: Workspace, file: Path
) -> None:
    relative = "runs/r1/export/model.zip"
    for token in (make_token(workspace, relative, -1), make_token(workspace, "runs/other.zip")):
        assert client.get(f"/download/{relative}", params={"token": token}).status_code == 403


def test_the_refusal_speaks_the_browsers_language(client: TestClient, file: Path) -> None:
    answer = client.get("/download/x", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert "过期" in answer.text


@pytest.mark.parametrize("relative", ["../secret.txt", "runs/../../secret.txt", "runs/link.txt"])
def test_no_token_opens_a_file_outside_of_the_workspace(
    client: TestClient, workspace: Workspace, relative: str
) -> None:
    secret = workspace.root.parent / "secret.txt"
    secret.write_text("secret")
    (workspace.runs / "link.txt").symlink_to(secret)
    answer = client.get(
        f"/download/{quote(relative, safe='')}", params={"token": make_token(workspace, relative)}
    )
    assert answer.status_code in (400, 404)
    assert "secret" not in answer.text


def test_a_file_that_is_gone_and_a_folder_are_said_to_be_gone(
    client: TestClient, workspace: Workspace, file: Path
) -> None:
    url = download_url(workspace, file)
    file.unlink()
    assert client.get(url).status_code == 404
    assert client.get(download_url(workspace, workspace.runs)).status_code == 404


def test_a_file_outside_of_the_workspace_gets_no_link(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="not in the subpath"):
        download_url(workspace, Path("/etc/hostname"))


@pytest.mark.parametrize(
    ("host", "allowed", "status"),
    [
        ("127.0.0.1:8501", "", 200),
        ("localhost:8501", "", 200),
        ("LOCALHOST:8501", "", 200),
        ("[::1]:8501", "", 200),
        ("127.0.0.1:9000", "", 403),
        ("127.0.0.1", "", 403),
        ("localhost.evil.example:8501", "", 403),
        ("evil.example:8501", "", 403),
        ("evil.example:port", "", 403),
        ("[::1", "", 403),
        ("", "", 403),
        ("lab.example:8501", "lab.example", 200),
        ("lab.example", "other.example, LAB.example", 200),
        ("lab.example:8443", "lab.example:8443", 200),
        ("lab.example:9", "lab.example:8443", 403),
    ],
)
def test_only_our_own_hosts_are_served(
    client: TestClient,
    workspace: Workspace,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    allowed: str,
    status: int,
) -> None:
    monkeypatch.setenv("PAIRLOOM_HOSTS", allowed)
    answer = client.get(download_url(workspace, file), headers={"Host": host})
    assert answer.status_code == status
    if status == 403:
        assert "PAIRLOOM_HOSTS" in answer.text


def test_the_app_serves_the_route() -> None:
    from app import app

    assert all(route in app._user_routes for route in ROUTES)
