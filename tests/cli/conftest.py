"""The command line in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from core.cli import parser
from core.workspace import Workspace

Run: TypeAlias = Callable[..., tuple[int, str, str]]
"""Arguments to exit code, stdout and stderr."""


@pytest.fixture
def core(capsys: pytest.CaptureFixture[str], workspace: Workspace) -> Run:
    """The command line; who starts and does its jobs is another fixture's matter."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = parser.main(list(map(str, arguments)))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
