"""``hub``: where the hubs are and the tokens for them; the models from them that are here."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.cli.output import DONE, add_json, say, say_json
from core.cli.tables import confirm
from core.models.hub.names import TITLES
from core.models.hub.settings import Hub, hub_of, save_hub
from core.models.hub.shelf import (
    Download,
    Unfinished,
    delete_download,
    list_downloads,
    list_unfinished,
)
from core.problems import N_, Problem
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands


class NoSuchDownload(Problem):
    what = N_("No model named {repo} has been fetched from a hub.")
    do = N_("“hub list” lists those that are here.")


class NothingToSet(Problem):
    what = N_("It is not said what is to be set for {hub}.")
    do = N_("Add --address URL, --usual-address, --token or --forget-token.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module and what it does."""
    hub = commands.add_parser(
        "hub", help="addresses and tokens of the hubs; list and delete fetched models"
    )
    actions = hub.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="where the hubs are, and whether a token is set")
    add_json(show)
    show.set_defaults(command=_show)

    change = actions.add_parser("set", help="set a hub's address or its access token")
    change.add_argument("source", choices=TITLES, help="which hub")
    where = change.add_mutually_exclusive_group()
    where.add_argument("--address", metavar="URL", help="of a mirror, for example")
    where.add_argument("--usual-address", action="store_true", help="back to the hub's own")
    secret = change.add_mutually_exclusive_group()
    secret.add_argument(
        "--token",
        action="store_true",
        help="ask for an access token, or read it from standard input",
    )
    secret.add_argument("--forget-token", action="store_true", help="use none")
    add_json(change)
    change.set_defaults(command=_set)

    listing = actions.add_parser("list", help="list the models from hubs that are here")
    add_json(listing)
    listing.set_defaults(command=_list)

    delete = actions.add_parser("delete", help="delete a fetched or begun model")
    delete.add_argument("repo", help="owner and name")
    delete.add_argument("--revision", help="only this commit, or what it begins with")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    add_json(delete)
    delete.set_defaults(command=_delete)


def _show(workspace: Workspace, options: argparse.Namespace) -> int:
    hubs = [hub_of(workspace, source) for source in TITLES]
    if options.json:
        say_json([_hub_record(hub) for hub in hubs])
        return DONE
    for hub in hubs:
        say(f"{hub.source}  {hub.address}  {'a token is set' if hub.token else 'no token'}")
    return DONE


def _hub_record(hub: Hub) -> dict[str, Any]:
    """What is known about a hub but its token."""
    return {
        "source": hub.source,
        "address": hub.address,
        "own_address": hub.own_address,
        "token": hub.token is not None,
    }


def _set(workspace: Workspace, options: argparse.Namespace) -> int:
    hub = hub_of(workspace, options.source)
    changes = (options.address, options.usual_address, options.token, options.forget_token)
    if not any(changes):
        raise NothingToSet(hub=hub.title)
    kept = hub.address if hub.own_address else ""
    address = "" if options.usual_address else kept if options.address is None else options.address
    token = "" if options.forget_token else None
    if options.token:
        token = _read_token(hub.title)
    hub = save_hub(workspace, options.source, address=address, token=token)
    if options.json:
        say_json(_hub_record(hub))
    else:
        say(f"{hub.source}  {hub.address}  {'a token is set' if hub.token else 'no token'}")
    return DONE


def _read_token(title: str) -> str:
    """A token that neither the screen nor the list of processes shows."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Access token for {title}: ")
    return sys.stdin.readline()


def _list(workspace: Workspace, options: argparse.Namespace) -> int:
    whole, begun = list_downloads(workspace), list_unfinished(workspace)
    if options.json:
        records = [asdict(one) | {"folder": str(one.folder), "whole": True} for one in whole]
        say_json(records + [_begun_record(one) for one in begun])
        return DONE
    for one in whole:
        say(f"{one.repo}  {one.source}  {one.commit[:10]}  {one.bytes / 1e6:.1f} MB  {one.folder}")
    for two in begun:
        snapshot = two.snapshot
        share = f"{two.here_bytes / 1e6:.1f} of {snapshot.bytes / 1e6:.1f} MB"
        say(f"{snapshot.repo}  {snapshot.source}  {snapshot.commit[:10]}  begun: {share}")
    return DONE


def _begun_record(one: Unfinished) -> dict[str, Any]:
    snapshot = one.snapshot
    return {
        "source": snapshot.source,
        "repo": snapshot.repo,
        "commit": snapshot.commit,
        "asked": snapshot.asked,
        "bytes": snapshot.bytes,
        "here_bytes": one.here_bytes,
        "whole": False,
    }


def _delete(workspace: Workspace, options: argparse.Namespace) -> int:
    here: list[Download | Unfinished] = [*list_downloads(workspace), *list_unfinished(workspace)]
    named = [one.snapshot if isinstance(one, Unfinished) else one for one in here]
    wanted = [
        one
        for one in named
        if one.repo == options.repo and one.commit.startswith(options.revision or "")
    ]
    if not wanted:
        raise NoSuchDownload(repo=options.repo)
    for one in wanted:
        say(f"{one.repo}  {one.source}  {one.commit}  {one.bytes / 1e6:.1f} MB", error=True)
    confirm(yes=options.yes)
    for one in wanted:
        delete_download(workspace, one.source, one.repo, one.commit)
    if options.json:
        say_json({"deleted": [one.commit for one in wanted]})
    return DONE
