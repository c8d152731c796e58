"""Where the hubs are, and the access tokens for them.

What somebody set in the workspace counts before the environment (``HF_ENDPOINT``, ``HF_TOKEN``, as
the library huggingface_hub has them; ``MODELSCOPE_API_TOKEN``, as ModelScope's own tools have it).
A token belongs to the address that it was given for and is sent to no other.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.files import read_json, write_json
from core.models.hub.names import TITLES, Source
from core.problems import N_, Problem
from core.workspace import Workspace

_ADDRESSES: dict[Source, str] = {
    "huggingface": "https://huggingface.co",
    "modelscope": "https://www.modelscope.cn",
}
_ADDRESS_VARIABLES: dict[Source, str] = {"huggingface": "HF_ENDPOINT"}
_TOKEN_VARIABLES: dict[Source, str] = {
    "huggingface": "HF_TOKEN",
    "modelscope": "MODELSCOPE_API_TOKEN",
}


class NotAnAddress(Problem):
    what = N_("“{address}” is not the address of a hub.")
    do = N_("Type it with https:// in front and nothing behind the name, as https://hf-mirror.com.")


@dataclass(frozen=True)
class Hub:
    """A hub as this workspace uses it.

    Attributes:
        source: which one.
        address: without a slash at the end.
        token: sent to that address only; never shown, logged or written anywhere else.
        own_address: somebody set the address in this workspace.
        own_token: somebody set the token in this workspace.
    """

    source: Source
    address: str
    token: str | None = field(default=None, repr=False)
    own_address: bool = False
    own_token: bool = False

    @property
    def title(self) -> str:
        """The hub's name."""
        return TITLES[self.source]


def hub_of(workspace: Workspace, source: Source) -> Hub:
    """The hub with what is set for it."""
    usual = usual_address(source)
    own = _read(workspace).get(source, {})
    address = own.get("address") or usual
    token = own.get("token")
    if token is None and address == usual:
        token = os.environ.get(_TOKEN_VARIABLES[source]) or None
    return Hub(source, address, token, bool(own.get("address")), bool(own.get("token")))


def save_hub(workspace: Workspace, source: Source, *, address: str, token: str | None) -> Hub:
    """Set the hub's address and token, and return what counts from now on.

    Args:
        workspace: where it is kept, in a file that only its owner can read.
        source: which hub.
        address: empty for the usual one.
        token: None to keep the one that is set, which is possible only while the address stays
            the same; empty for none.

    Raises:
        NotAnAddress: the address cannot be one.
    """
    address = address.strip().rstrip("/")
    if address:
        _check(address)
    stored = _read(workspace)
    before = hub_of(workspace, source)
    after: dict[str, str] = {"address": address} if address else {}
    if token is None:
        kept = stored.get(source, {}).get("token")
        if kept and before.address == (address or usual_address(source)):
            after["token"] = kept
    elif token.strip():
        after["token"] = token.strip()
    stored[source] = after
    # Written as a temporary file that only its owner can read (mode 600), then renamed.
    write_json(workspace.hub_settings, stored)
    return hub_of(workspace, source)


def usual_address(source: Source) -> str:
    """The address that counts where nothing is set in the workspace."""
    usual = os.environ.get(_ADDRESS_VARIABLES.get(source, ""), "").rstrip("/")
    return usual or _ADDRESSES[source]


def _check(address: str) -> None:
    parts = urlsplit(address)
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    if parts.scheme not in ("http", "https") or not parts.hostname or not bare:
        raise NotAnAddress(address=address)


def _read(workspace: Workspace) -> dict[str, dict[str, str]]:
    try:
        stored = read_json(workspace.hub_settings)
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}
