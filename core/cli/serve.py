"""``serve``: the workbench in the browser, as ``make run`` starts it."""

from __future__ import annotations

import argparse
import ipaddress
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from core.cli.output import say, say_json
from core.problems import N_, Problem
from core.server import DEFAULT_PORT, EVERYWHERE, HOST, PortTaken, serve
from core.workspace import PROJECT_ROOT, Workspace

if TYPE_CHECKING:
    from core.cli.parser import Commands

_LOCAL_NAMES = (HOST, "localhost")


class PortInUse(Problem):
    what = N_("Port {port} is taken by another program, perhaps by Pairloom: {address}")
    do = N_("Use that one, end it, or choose another port: --port {free}.")


class PortOdd(Problem):
    what = N_("{port} is no port.")
    do = N_("Give a number from 1024 to 65535.")


class HostOdd(Problem):
    what = N_("{host} is no address of this computer.")
    do = N_("Its addresses are: {hosts}. --lan listens on all of them.")


def add_commands(commands: Commands) -> None:
    """Declare the command of this module."""
    run = commands.add_parser("serve", help="start the workbench in the browser; Ctrl-C ends it")
    run.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"default: {DEFAULT_PORT}")
    where = run.add_mutually_exclusive_group()
    where.add_argument(
        "--host",
        metavar="ADDRESS",
        default=HOST,
        help="the address of this computer to listen on (default: only this computer can reach it)",
    )
    where.add_argument(
        "--lan",
        action="store_true",
        help="let other computers of your network in; there is no password",
    )
    run.add_argument("--json", action="store_true", help="print the address as JSON")
    run.set_defaults(command=_serve)


def _serve(workspace: Workspace, options: argparse.Namespace) -> int:
    port, host = options.port, EVERYWHERE if options.lan else options.host
    if not 1024 <= port <= 65535:
        raise PortOdd(port=port)
    own = own_addresses()
    if host not in (*_LOCAL_NAMES, EVERYWHERE, *own):
        raise HostOdd(host=host, hosts=", ".join((HOST, *own)))
    reached = own if host == EVERYWHERE else [host] if host not in _LOCAL_NAMES else []
    shown = [f"http://{name}:{port}" for name in (reached or [HOST])]

    def ready(port: int) -> None:
        if options.json:
            say_json({"addresses": shown, "port": port, "workspace": str(workspace.root)})
        else:
            say(f"Pairloom is ready: {' '.join(shown)}   (Ctrl-C ends it)")

    if reached:
        say(
            "Everyone who can reach this address can use the workbench and read its tables; "
            "there is no password.",
            error=True,
        )
    names = [*_LOCAL_NAMES, *reached, *([socket.gethostname()] if reached else [])]
    try:
        return serve(
            python=Path(sys.executable),
            root=PROJECT_ROOT,
            port=port,
            ready=ready,
            host=HOST if host in _LOCAL_NAMES else host,
            names=names if reached else (),
            environment={
                "PAIRLOOM_HOME": str(workspace.root),
                **({"PAIRLOOM_HOSTS": " ".join(names)} if reached else {}),
            },
            # What the server says is no result.
            output=sys.stderr,
        )
    except PortTaken as problem:
        raise PortInUse(address=shown[0], **problem.params) from problem


def own_addresses() -> list[str]:
    """The IPv4 addresses under which other computers reach this one."""
    found = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family is socket.AF_INET
    ]
    return [one for one in dict.fromkeys(found) if not ipaddress.ip_address(one).is_loopback]
