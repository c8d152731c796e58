"""``bases`` and ``fetch`` from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from core.cli import bases
from core.cli.output import DONE, FAILED, REFUSED
from core.data.samples import add_sample
from core.models.bases import BaseConfig
from core.models.hub.settings import save_hub
from core.models.hub.shelf import list_downloads
from core.workspace import Workspace
from tests.cli.conftest import Run
from tests.models.hub_server import Hub, running_hub, serve_queue, tiny_files


@pytest.fixture
def core(core: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process: exit code, stdout, stderr."""
    monkeypatch.setattr(bases, "ensure_supervisor", serve_queue)
    return core


@pytest.fixture
def hub(workspace: Workspace) -> Iterator[Hub]:
    with running_hub() as hub:
        for source in ("huggingface", "modelscope"):
            save_hub(workspace, source, address=hub.address, token=None)
        yield hub


def test_bases_are_listed(core: Run) -> None:
    code, said, _ = core("bases")
    assert code == DONE
    assert said.splitlines() == [
        "sentence-transformers/all-MiniLM-L6-v2  384 dimensions  22.7 M  256 tokens",
        "Static, from your own data  1024 dimensions  3.1 M  any length",
    ]
    listed = json.loads(core("bases", "--json")[1])
    assert [BaseConfig(**one["base"]).kind for one in listed] == ["bundled", "static"]
    assert listed[0]["parameters"] == 22_713_216


def test_bases_are_compared_for_a_dataset(core: Run, workspace: Workspace) -> None:
    id = add_sample(workspace, "products")
    code, said, _ = core("bases", "--dataset", id)
    lines = said.splitlines()
    assert code == DONE and len(lines) == 5
    (chosen,) = [line for line in lines if line.startswith("* ")]
    assert "Static" in chosen and "0.0% unknown" in chosen and "about" in chosen
    assert "68.0% unknown" in lines[0] and " look alike" in lines[0]
    assert "cannot read" in lines[3] and "does not see word order" in lines[3]
    assert "takes much longer" in lines[4]
    told = json.loads(core("bases", "--dataset", id, "--json")[1])
    assert BaseConfig(**told["recommended"]["base"]).kind == "static"
    assert told["bases"][0]["figures"]["unknown_share"] == pytest.approx(0.68, abs=0.01)
    assert "cannot read" in told["recommended"]["why"]["text"]
    code, _, refusal = core("bases", "--dataset", "nothing")
    assert code == REFUSED and "There is no dataset named nothing" in refusal


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_a_model_is_fetched_and_its_folder_printed(
    core: Run, workspace: Workspace, hub: Hub, source: str
) -> None:
    commit = hub.add("tiny/static", tiny_files())
    code, said, told = core("fetch", "tiny/static", "--source", source)
    assert code == DONE
    (download,) = list_downloads(workspace)
    assert said.splitlines() == [str(download.folder)]
    assert (download.source, download.commit) == (source, commit)
    assert f"= {commit}, 0." in told and "MB in" in told
    assert "tiny/static  16 dimensions" in core("bases")[1]

    hub.add("tiny/static", tiny_files(seed=2))
    assert core("fetch", "tiny/static", "--source", source, "--revision", commit)[0] == DONE
    assert len(list_downloads(workspace)) == 1
    assert core("fetch", "tiny/static", "--source", source)[0] == DONE
    assert len(list_downloads(workspace)) == 2


def test_a_hub_that_tells_no_commit_is_asked_for_its_branch(
    core: Run, workspace: Workspace, hub: Hub
) -> None:
    hub.add("tiny/static", tiny_files())
    hub.faults.no_commit = True
    assert core("fetch", "tiny/static", "--source", "modelscope")[0] == DONE
    assert [one.asked for one in list_downloads(workspace)] == ["master"]


def test_what_cannot_be_fetched_is_a_sentence(core: Run, hub: Hub) -> None:
    code, said, told = core("fetch", "tiny/nothing")
    assert (code, said) == (FAILED, "") and "no model named tiny/nothing" in told
    code, _, told = core("fetch", "../etc")
    assert code == REFUSED and "is not the name of a model" in told
    hub.close()
    code, _, told = core("fetch", "tiny/static")
    assert code == FAILED and "cannot be reached" in told and "hf-mirror.com" in told
