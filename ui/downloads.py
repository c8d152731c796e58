"""Serving files of the workspace: streamed from disk, to the right host, with a token."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.export.tokens import check_token, make_token
from core.problems import N_
from core.workspace import Workspace
from ui.catalogues import DEFAULT_LANGUAGE, match_language, translations

_LOCAL = {"127.0.0.1", "localhost", "::1"}
_WRONG_HOST = N_(
    "This download was asked for under an address that Pairloom does not know. Open the workbench "
    "at its own address, or add the host to PAIRLOOM_HOSTS."
)
_WRONG_TOKEN = N_("This download link has expired. Go back to the workbench and click it again.")
_NO_FILE = N_("This file is no longer there. Go back to the workbench and make it again.")


def download_button(label: str, workspace: Workspace, file: Path, name: str | None = None) -> None:
    """A button that downloads a file of the workspace under ``name`` (by default its own).

    The link behind it is good for as long as core/export/tokens.py says, and made anew whenever
    the screen is drawn.
    """
    st.link_button(
        label, download_url(workspace, file, name), icon=":material/download:", type="primary"
    )


def download_url(workspace: Workspace, file: Path, name: str | None = None) -> str:
    """The address, on this server, of a file that lies in the workspace."""
    relative = file.resolve().relative_to(workspace.root).as_posix()
    query = {"token": make_token(workspace, relative), "name": name or file.name}
    return f"/download/{quote(relative)}?{urlencode(query)}"


def download(request: Request) -> Response:
    """Answer ``GET /download/<path in the workspace>?token=…&name=…``."""
    workspace = Workspace.open()
    relative = request.path_params["path"]
    if not _host_is_ours(request):
        return _refusal(request, 403, _WRONG_HOST)
    if not check_token(workspace, relative, request.query_params.get("token", "")):
        return _refusal(request, 403, _WRONG_TOKEN)
    file = (workspace.root / relative).resolve()
    if not file.is_relative_to(workspace.root) or not file.is_file():
        return _refusal(request, 404, _NO_FILE)
    return FileResponse(
        file,
        # Streamlit's server compresses what is not known as compressed, on the fly and without a
        # length; an archive that says what it is arrives as it is.
        media_type=mimetypes.guess_type(file)[0] or "application/octet-stream",
        filename=Path(request.query_params.get("name", "")).name or file.name,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


ROUTES = [Route("/download/{path:path}", download, methods=["GET"])]


def _host_is_ours(request: Request) -> bool:
    """Whether the Host header is one under which this server is meant to be reached.

    Another site's page may have its own name point at this machine (DNS rebinding); the browser
    then sends that name.
    """
    try:
        asked = urlsplit(f"//{request.headers.get('host', '')}")
        host, port = asked.hostname, asked.port
    except ValueError:
        return False
    if host in _LOCAL:
        return (port or 80) == request.scope["server"][1]
    allowed = os.environ.get("PAIRLOOM_HOSTS", "").lower().replace(",", " ").split()
    return host in allowed or f"{host}:{port}" in allowed


def _refusal(request: Request, status: int, sentence: str) -> Response:
    wish = request.headers.get("accept-language", "").split(",")[0]
    words = translations(match_language(wish) or DEFAULT_LANGUAGE)
    return PlainTextResponse(words.gettext(sentence) + "\n", status_code=status)
