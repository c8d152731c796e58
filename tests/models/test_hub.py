"""Downloads from a hub, against a stand-in on this computer: real connections, files, processes."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.jobs import queue
from core.jobs.context import JobContext, Stopped
from core.jobs.engines import LocalEngine
from core.jobs.status import JobState, JobStatus
from core.jobs.supervisor import Supervisor
from core.models.bases import BaseConfig, NotDownloaded, list_bases, resolve
from core.models.hub import problems, transfer
from core.models.hub.jobs import fetch_repo, look_at_repo, looked_up, params_for
from core.models.hub.names import NotAName, Source, is_wanted
from core.models.hub.settings import Hub as HubSetting
from core.models.hub.settings import NotAnAddress, hub_of, save_hub
from core.models.hub.shelf import (
    DownloadActive,
    alone,
    delete_download,
    hidden_folder,
    list_downloads,
    list_unfinished,
    read_plan,
)
from core.problems import Problem
from core.workspace import Workspace
from tests.models.hub_server import (
    Hub,
    git_name,
    read_files,
    running_hub,
    sha256,
    tiny_files,
)
from tests.models.made import write_tensors
from tests.retrieval.stand_in import running_job
from tests.training.conftest import MakeConfig, make_config, run_here, tiny_base, triplets

__all__ = ["make_config", "tiny_base", "triplets"]

REPO = "tiny/bert-zh.v1"


@pytest.fixture
def hub(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the workspace is set to use, on which broken connections are soon tried again."""
    monkeypatch.setattr(transfer, "PAUSES", (0.01, 0.02))
    for name in ("HF_ENDPOINT", "HF_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with running_hub() as hub:
        for source in ("huggingface", "modelscope"):
            save_hub(workspace, source, address=hub.address, token=None)
        yield hub


@pytest.fixture
def files(tiny_base: Path) -> dict[str, bytes]:
    """The repository of the tiny base, with what must never be fetched beside it."""
    return {
        **read_files(tiny_base),
        "pytorch_model.bin": b"\x80pickle",
        "onnx/model.onnx": b"onnx",
        "openvino/config.json": b"{}",
        "train.py": b"import os",
        ".gitattributes": b"*.bin",
    }


def job_for(
    workspace: Workspace, kind: str, repo: str = REPO, revision: str | None = None,
    source: Source = "huggingface",
) -> JobContext:  # fmt: skip
    return running_job(workspace, kind, params_for(source, repo, revision))


def fetch(workspace: Workspace, **options: Any) -> None:
    fetch_repo(job_for(workspace, "fetch_repo", **options))


def weights_of(files: dict[str, bytes]) -> bytes:
    return files["model.safetensors"]


# What arrives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_a_branch_is_pinned_to_its_commit_and_becomes_a_base(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], source: Source
) -> None:
    commit = hub.add(REPO, files)
    fetch(workspace, source=source)
    (download,) = list_downloads(workspace)
    assert (download.source, download.repo, download.commit) == (source, REPO, commit)
    assert download.asked == {"huggingface": "main", "modelscope": "master"}[source]
    wanted = {path: data for path, data in files.items() if is_wanted(path)}
    arrived = read_files(download.folder)
    record = json.loads(arrived.pop("hub.json"))
    assert arrived == wanted and "pytorch_model.bin" not in arrived and "train.py" not in arrived
    assert download.bytes == sum(map(len, wanted.values()))
    told = {file["path"]: file["sha256"] or file["git_sha1"] for file in record["files"]}
    assert told["model.safetensors"] == sha256(weights_of(files))
    if source == "huggingface":
        assert told["config.json"] == git_name(files["config.json"])

    config = BaseConfig(kind="hub", source=source, repo=REPO, revision=commit)
    assert config in [choice.config for choice in list_bases(workspace)]
    base = resolve(workspace, config)
    assert (base.name, base.path, base.dimension) == (REPO, download.folder, 32)
    assert list_unfinished(workspace) == []

    # The branch moves on; what was pinned stays, and the new commit is another base.
    newer = hub.add(REPO, {**files, "README.md": b"newer"})
    fetch(workspace, source=source)
    assert {one.commit for one in list_downloads(workspace)} == {commit, newer}
    assert resolve(workspace, config).path == download.folder
    before = len(hub.asked)
    fetch(workspace, source=source, revision=commit)
    assert len(hub.asked) == before


def test_a_model_is_looked_at_before_it_is_fetched(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    commit = hub.add(REPO, files)
    job = job_for(workspace, "look_at_repo")
    assert looked_up(workspace, job.params) is None
    look_at_repo(job)
    told = looked_up(workspace, job.params)
    assert told is not None and told.commit == commit
    assert told.bytes == sum(len(data) for path, data in files.items() if is_wanted(path))
    assert hub.stored == [] and list_unfinished(workspace) == []


def test_training_starts_from_it_and_its_card_names_it(
    workspace: Workspace,
    hub: Hub,
    files: dict[str, bytes],
    triplets: str,
    make_config: MakeConfig,
) -> None:
    commit = hub.add(REPO, files)
    fetch(workspace)
    base = BaseConfig(kind="hub", repo=REPO, revision=commit)
    config = make_config(triplets, base, epochs=1, batch_size=16, learning_rate=1e-4)
    asked = len(hub.asked)
    folder = run_here(workspace, config)
    assert JobStatus.load(folder).state is JobState.SUCCEEDED
    assert json.loads((folder / "reference.json").read_text())["name"] == REPO
    assert f"base_model: {REPO}" in (folder / "model" / "README.md").read_text()
    assert f"revision: {commit}" in config.to_yaml()
    assert len(hub.asked) == asked


def test_weights_in_parts_come_with_their_index(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    whole = weights_of(files)
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    names = [name for name in header if name != "__metadata__"]
    name = "model-00001-of-00001.safetensors"
    index = json.dumps({"weight_map": dict.fromkeys(names, name)}).encode()
    parts = {path: data for path, data in files.items() if path != "model.safetensors"}
    hub.add(REPO, {**parts, name: whole, "model.safetensors.index.json": index})
    # Where there are both, the single file is enough.
    hub.add("tiny/both", {**files, name: whole, "model.safetensors.index.json": index})
    for repo in (REPO, "tiny/both"):
        fetch(workspace, repo=repo)
    parted, both = list_downloads(workspace)
    assert name not in read_files(both.folder)
    assert {name, "model.safetensors.index.json"} <= read_files(parted.folder).keys()


# Interrupted and resumed --------------------------------------------------------------------------


def test_a_connection_that_breaks_off_goes_on_where_it_was(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    hub.faults.cut = [10_000, 5_000, 0, None]
    fetch(workspace)
    ranges = [one.headers.get("range") for one in hub.stored]
    assert ranges == [None, "bytes=10000-", "bytes=15000-", "bytes=15000-"]
    (download,) = list_downloads(workspace)
    assert (download.folder / "model.safetensors").read_bytes() == weights_of(files)


def test_what_has_arrived_is_kept_when_the_connection_is_given_up(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    hub.faults.cut = [10_000, 0, 0, 0]
    with pytest.raises(problems.ConnectionLost, match=r"model\.safetensors.* goes on from there"):
        fetch(workspace)
    assert list_downloads(workspace) == [] and len(list_bases(workspace)) == 2
    (begun,) = list_unfinished(workspace)
    small = sum(len(data) for path, data in files.items() if is_wanted(path)) - len(
        weights_of(files)
    )
    assert begun.here_bytes == small + 10_000 < begun.snapshot.bytes
    before, hub.faults.cut = len(hub.asked), []
    fetch(workspace)
    assert hub.stored[-1].headers["range"] == "bytes=10000-"
    # The list, the weights, and nothing that was whole already.
    assert len(hub.asked) == before + 2
    assert [one.repo for one in list_downloads(workspace)] == [REPO]
    assert list_unfinished(workspace) == []


def test_a_killed_worker_is_resumed_by_the_next_one(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    hub.faults.pause = 0.1
    supervisor = Supervisor(workspace, LocalEngine(workspace))
    supervisor.reconcile()

    def until(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline
            supervisor.step()
            time.sleep(0.02)

    def state(id: str) -> JobStatus:
        return JobStatus.load(workspace.job(id))

    first = queue.submit(workspace, "fetch_repo", params_for("huggingface", REPO, None), name="f")
    until(lambda: any(workspace.models.rglob("model.safetensors.part")))
    until(lambda: next(workspace.models.rglob("*.part")).stat().st_size >= 3 * 4096)
    pid = state(first).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not state(first).state.active)
    assert state(first).state is JobState.INTERRUPTED
    told = state(first).error_messages
    assert told is not None
    assert "The process of this download was killed" in told[0].text()
    assert "What has arrived is kept: go on with the download" in told[1].text()
    assert len(list_bases(workspace)) == 2
    (begun,) = list_unfinished(workspace)
    part = hidden_folder(workspace, begun.snapshot) / "model.safetensors.part"
    arrived = part.stat().st_size
    assert 0 < arrived < len(weights_of(files))

    hub.faults.pause = 0.0
    second = queue.submit(workspace, "fetch_repo", params_for("huggingface", REPO, None), name="f")
    until(lambda: not state(second).state.active)
    assert state(second).state is JobState.SUCCEEDED, state(second).error
    assert hub.stored[-1].headers["range"] == f"bytes={arrived}-"
    (download,) = list_downloads(workspace)
    assert (download.folder / "model.safetensors").read_bytes() == weights_of(files)


def test_downloads_do_not_hold_up_other_work() -> None:
    for kind in ("look_at_repo", "fetch_repo"):
        assert set(queue.lanes_of(kind)).isdisjoint(queue.lanes_of("export"))


def test_a_cancelled_download_stops_in_the_middle_of_a_file(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    job = job_for(workspace, "fetch_repo")
    progress = job.progress

    def stop_at_weights(stage: Any, done: float | None = None) -> None:
        progress(stage, done)
        if stage.params.get("file") == "model.safetensors" and hub.stored:
            (job.folder / "stop.json").write_text("{}")

    job.progress = stop_at_weights  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        fetch_repo(job)
    assert list_downloads(workspace) == []
    (begun,) = list_unfinished(workspace)
    assert begun.here_bytes < begun.snapshot.bytes

    commit = begun.snapshot.commit
    with alone(workspace, begun.snapshot, lambda: None), pytest.raises(DownloadActive):
        delete_download(workspace, "huggingface", REPO, commit)
    delete_download(workspace, "huggingface", REPO, commit)
    assert list_unfinished(workspace) == []
    assert not hidden_folder(workspace, begun.snapshot).exists()


def test_a_hub_that_knows_no_ranges_sends_the_file_again(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    hub.faults.cut, hub.faults.no_ranges = [10_000], True
    fetch(workspace)
    (download,) = list_downloads(workspace)
    assert (download.folder / "model.safetensors").read_bytes() == weights_of(files)


def test_a_busy_hub_is_asked_again(workspace: Workspace, hub: Hub, files: dict[str, bytes]) -> None:
    hub.add(REPO, files)
    hub.faults.status = [503]
    fetch(workspace)
    assert len(list_downloads(workspace)) == 1
    hub.add("tiny/other", files)
    hub.faults.status = [500] * 3
    with pytest.raises(problems.HubTrouble, match="HTTP 500"):
        fetch(workspace, repo="tiny/other")


# Checked ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damaged", ["model.safetensors", "config.json"])
def test_other_content_is_thrown_away(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], damaged: str
) -> None:
    hub.add(REPO, files)
    hub.faults.damaged = {damaged}
    with pytest.raises(problems.WrongContent, match=damaged.replace(".", r"\.")):
        fetch(workspace)
    assert list_downloads(workspace) == []
    assert not list(workspace.models.glob(f"*/*/.*/{damaged}*"))
    hub.faults.damaged = set()
    fetch(workspace)
    assert len(list_downloads(workspace)) == 1


@pytest.mark.parametrize("bytes_there", [8_192, 10_000_000])
def test_a_damaged_part_is_fetched_anew(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], bytes_there: int
) -> None:
    hub.add(REPO, files)
    hub.faults.cut = [10_000, 0, 0, 0]
    with pytest.raises(problems.ConnectionLost):
        fetch(workspace)
    (part,) = workspace.models.rglob("*.part")
    part.write_bytes(b"x" * bytes_there)
    hub.faults.cut = []
    fetch(workspace)
    (download,) = list_downloads(workspace)
    assert (download.folder / "model.safetensors").read_bytes() == weights_of(files)


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["look_at_repo", "fetch_repo"])
@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_no_network_is_a_helpful_sentence(
    workspace: Workspace, hub: Hub, kind: str, source: Source
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        save_hub(workspace, source, address=address, token=None)
        work = look_at_repo if kind == "look_at_repo" else fetch_repo
        with pytest.raises(problems.HubUnreachable) as refusal:
            work(job_for(workspace, kind, source=source))
    words = refusal.value.text()
    assert address in words and "https://hf-mirror.com" in words
    assert "A model folder on this computer" in words and "all-MiniLM-L6-v2 and a static" in words
    assert list(workspace.models.rglob("*")) == []


def test_downloads_that_are_switched_off_stay_off(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    hub.add(REPO, files)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for source in ("huggingface", "modelscope"):
        with pytest.raises(problems.DownloadsSwitchedOff, match="HF_HUB_OFFLINE"):
            fetch(workspace, source=source)
    assert hub.asked == []


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_what_is_not_there_is_named(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], source: Source
) -> None:
    hub.add(REPO, files)
    with pytest.raises(problems.NoSuchRepo, match="no model named tiny/nothing"):
        fetch(workspace, repo="tiny/nothing", source=source)
    with pytest.raises(problems.NoSuchRevision, match=r"named v9\."):
        fetch(workspace, revision="v9", source=source)
    for repo in ("../etc", "a/b/c", "a//b", "", "a/..b", "https://huggingface.co/a/b"):
        with pytest.raises(NotAName):
            fetch(workspace, repo=repo, source=source)


@pytest.mark.parametrize("source", ["huggingface", "modelscope"])
def test_a_gated_model_needs_an_agreement_and_a_token(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], source: Source
) -> None:
    hub.add(REPO, files, gated=True)
    hub.tokens, hub.allowed = {"hf_other", "hf_secret"}, {"hf_secret"}
    page = f"{hub.address}/{'models/' * (source == 'modelscope')}{REPO}"
    with pytest.raises(problems.AccessRefused) as refusal:
        fetch(workspace, source=source)
    assert refusal.value.params["page"] == page
    save_hub(workspace, source, address=hub.address, token="hf_other")
    with pytest.raises(problems.AccessRefused):
        fetch(workspace, source=source)
    save_hub(workspace, source, address=hub.address, token="hf_secret")
    fetch(workspace, source=source)
    assert len(list_downloads(workspace)) == 1


def test_a_token_that_the_hub_does_not_know_is_said(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    save_hub(workspace, "huggingface", address=hub.address, token="hf_wrong")
    with pytest.raises(problems.TokenRefused, match="does not accept the access token"):
        fetch(workspace)


def test_models_that_could_run_programs_are_refused_before_their_weights_come(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    own = json.loads(files["config.json"]) | {"auto_map": {"AutoModel": "modeling.Model"}}
    hub.add("own/code", {**files, "config.json": json.dumps(own).encode()})
    modules = json.loads(files["modules.json"])
    modules[0]["type"] = "somebody.Module"
    hub.add("own/module", {**files, "modules.json": json.dumps(modules).encode()})
    for repo, where in (("own/code", "auto_map"), ("own/module", r"somebody\.Module")):
        for work, kind in ((look_at_repo, "look_at_repo"), (fetch_repo, "fetch_repo")):
            with pytest.raises(problems.RepoHasOwnCode, match=where):
                work(job_for(workspace, kind, repo=repo))
    pickled = {path: data for path, data in files.items() if path != "model.safetensors"}
    hub.add("old/pickled", pickled)
    with pytest.raises(problems.OnlyPickledWeights, match=r"pytorch_model\.bin"):
        fetch(workspace, repo="old/pickled")
    assert hub.stored == [] and list_downloads(workspace) == []


def test_a_repository_that_is_no_model_is_said(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add("tiny/words", {"README.md": b"hello"})
    hub.add("tiny/half", {path: data for path, data in files.items() if path != "tokenizer.json"})
    for repo, missing in (("tiny/words", r"model\.safetensors"), ("tiny/half", r"tokenizer\.json")):
        with pytest.raises(problems.NotAModelRepo, match=missing):
            fetch(workspace, repo=repo)


def test_a_model_that_cannot_be_used_never_becomes_a_base(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    hub.add(REPO, {**files, "model.safetensors": weights_of(files)[:-100]})
    with pytest.raises(Problem, match="cut off"):
        fetch(workspace)
    assert list_downloads(workspace) == [] and len(list_bases(workspace)) == 2


def test_too_little_space_is_said_before_anything_is_fetched(
    workspace: Workspace, hub: Hub, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.models.hub import jobs

    hub.add(REPO, files)
    usage = type("Usage", (), {"free": 20_000_000})
    monkeypatch.setattr(jobs.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(problems.NotEnoughSpace) as refusal:
        fetch(workspace)
    assert refusal.value.params["free_bytes"] == 20_000_000
    assert hub.stored == []


def test_a_disk_that_fills_up_is_said_and_the_download_goes_on(
    workspace: Workspace, hub: Hub, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this computer allows no file system of one's own")
    hub.add("tiny/static", tiny_files(dimension=512))
    hub.faults.pause = 0.01
    command = ["unshare", "-rm", sys.executable, "-m", "tests.models.small_disk", str(small)]
    with subprocess.Popen([*command, hub.address], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        full = json.loads(process.stdout.readline())
        hub.faults.pause = 0.0
        roomy = json.loads(process.stdout.readline())
    assert full["state"] == "failed" and roomy["state"] == "succeeded", roomy
    assert "The disk became full while model.safetensors of tiny/static" in full["what"]
    assert "What has arrived is kept. Free some space" in full["do"]
    assert full["arrived"] > 0
    assert hub.stored[-1].headers["range"] == f"bytes={full['arrived']}-"


def test_a_page_for_people_instead_of_an_answer_is_not_taken_for_one(
    workspace: Workspace, hub: Hub
) -> None:
    hub.faults.html = True
    for source in ("huggingface", "modelscope"):
        with pytest.raises(problems.AnswerNotUnderstood, match="Check the address"):
            fetch(workspace, source=source)
    hub.faults.html, hub.faults.every_status = False, 502
    for source in ("huggingface", "modelscope"):
        with pytest.raises(problems.HubTrouble, match="HTTP 502"):
            fetch(workspace, source=source)


def test_modelscope_without_a_commit_is_pinned_by_its_contents(
    workspace: Workspace, hub: Hub, files: dict[str, bytes]
) -> None:
    hub.add(REPO, files)
    hub.faults.no_commit = True
    fetch(workspace, source="modelscope")
    (first,) = list_downloads(workspace)
    fetch(workspace, source="modelscope")
    assert [one.commit for one in list_downloads(workspace)] == [first.commit]
    hub.add(REPO, {**files, "README.md": b"other words"})
    fetch(workspace, source="modelscope")
    assert len({one.commit for one in list_downloads(workspace)}) == 2


def test_a_base_that_is_not_here_says_how_to_get_it(workspace: Workspace) -> None:
    base = BaseConfig(kind="hub", repo=REPO, revision="0" * 40)
    with pytest.raises(NotDownloaded, match=f"fetch {REPO} --revision 0000"):
        resolve(workspace, base)
    for wrong in ({"repo": "../.."}, {"revision": "main"}, {"source": "elsewhere"}):
        with pytest.raises(ValueError, match="1 validation error"):
            BaseConfig(kind="hub", **wrong)


# Settings -----------------------------------------------------------------------------------------


def test_a_token_is_kept_from_eyes_logs_and_other_addresses(
    workspace: Workspace,
    hub: Hub,
    files: dict[str, bytes],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.add(REPO, files)
    hub.tokens = {"hf_secret"}
    setting = save_hub(workspace, "huggingface", address=hub.address, token=" hf_secret ")
    assert setting.own_token and "hf_secret" not in repr(setting)
    fetch(workspace)
    assert {one.headers.get("authorization") for one in hub.asked} == {"Bearer hf_secret"}
    # The storage, at another address, does not get it.
    assert [one.headers.get("authorization") for one in hub.stored] == [None]
    assert "hf_secret" not in caplog.text
    holders = [
        path
        for path in workspace.root.rglob("*")
        if path.is_file() and b"hf_secret" in path.read_bytes()
    ]
    assert holders == [workspace.hub_settings]
    assert stat.S_IMODE(workspace.hub_settings.stat().st_mode) == 0o600
    # What the hub hears of this computer.
    assert {one.headers["user-agent"] for one in [*hub.asked, *hub.stored]} == {"pairloom"}


def test_settings_come_before_the_environment(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HF_ENDPOINT", "HF_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    usual = hub_of(workspace, "huggingface")
    assert (usual.address, usual.token) == ("https://huggingface.co", None)
    assert hub_of(workspace, "modelscope").address == "https://www.modelscope.cn"
    monkeypatch.setenv("HF_ENDPOINT", "https://hf-mirror.com/")
    monkeypatch.setenv("HF_TOKEN", "hf_environment")
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms_environment")
    told = hub_of(workspace, "huggingface")
    assert (told.address, told.token) == ("https://hf-mirror.com", "hf_environment")
    assert hub_of(workspace, "modelscope").token == "ms_environment"
    # A token of the environment is for the environment's address.
    own = save_hub(workspace, "huggingface", address="https://hub.example/", token=None)
    assert own == HubSetting("huggingface", "https://hub.example", None, own_address=True)
    own = save_hub(workspace, "huggingface", address="https://hub.example", token="hf_mine")
    assert own.token == "hf_mine"
    kept = save_hub(workspace, "huggingface", address="https://hub.example", token=None)
    assert kept.token == "hf_mine"
    moved = save_hub(workspace, "huggingface", address="https://elsewhere.example", token=None)
    assert moved.token is None
    assert save_hub(workspace, "huggingface", address="", token="").token == "hf_environment"
    for wrong in ("hf-mirror.com", "ftp://hub.example", "https://me:pw@hub.example", "https://"):
        with pytest.raises(NotAnAddress):
            save_hub(workspace, "huggingface", address=wrong, token=None)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("config.json", True),
        ("modules.json", True),
        ("config_sentence_transformers.json", True),
        ("sentence_bert_config.json", True),
        ("tokenizer.json", True),
        ("tokenizer_config.json", True),
        ("1_Pooling/config.json", True),
        ("2_Dense/model.safetensors", True),
        ("model-00001-of-00002.safetensors", True),
        ("README.md", True),
        ("pytorch_model.bin", False),
        ("adapter_model.safetensors", False),
        ("onnx/config.json", False),
        ("openvino/model.safetensors", False),
        ("../config.json", False),
        ("/config.json", False),
        ("1_Pooling/../../config.json", False),
        ("modeling_own.py", False),
    ],
)
def test_only_what_a_model_needs_is_fetched(path: str, wanted: bool) -> None:
    assert is_wanted(path) is wanted


def test_a_plan_that_cannot_be_read_is_no_download(workspace: Workspace, tmp_path: Path) -> None:
    folder = workspace.models / "huggingface" / "a--b" / f".{'0' * 40}"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text("{")
    assert read_plan(folder) is None and list_unfinished(workspace) == []
    whole = folder.with_name("1" * 40)
    whole.mkdir()
    write_tensors(whole / "model.safetensors")
    assert list_downloads(workspace) == []
