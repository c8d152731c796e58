"""What is written about the workbench agrees with what it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.two_core_run import PAGE as FIGURES
from core.__main__ import main
from core.data.store import list_datasets
from core.jobs.status import JobState
from core.training.config import RunConfig
from core.training.losses.registry import LOSSES
from core.workspace import PROJECT_ROOT, Workspace
from tools import loss_docs, screenshots
from ui.pages import SCREENS

DOCS = PROJECT_ROOT / "docs"
README = PROJECT_ROOT / "README.md"
ARCHITECTURE = DOCS / "architecture.md"
PAGES = sorted([README, *DOCS.glob("*.md"), *(PROJECT_ROOT / "benchmarks").glob("*.md")])
# A path in backticks; what a run leaves behind has other endings, or no folder before its name.
PATH = re.compile(r"`((?:\.?[\w-]+/)+(?:[\w.-]+)?|[\w-]+\.(?:py|md|toml))`")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img[^>]*\bsrc=\"([^\"]+)\"")
MADE_AT_RUN_TIME = re.compile(r"(workspace|checkpoints|model|export|lexical|runs|jobs|cache)/")


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", read(page), flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    return [one or other for one, other in LINK.findall(prose(page))]


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by, made as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main([*words, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("screen", [screen.name for screen in SCREENS])
def test_every_screen_has_a_page_that_is_linked_to(screen: str) -> None:
    page = DOCS / f"{screen}.md"
    assert page.exists()
    assert read(page).startswith(f"# {screen.title()}\n")
    linked = {(ARCHITECTURE.parent / one).resolve() for one in links(ARCHITECTURE)}
    linked |= {(README.parent / one).resolve() for one in links(README)}
    assert page in linked


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [README]
    while waiting:
        page = waiting.pop()
        if page in reached or not page.exists():
            continue
        reached.add(page)
        if page.suffix == ".md":
            local = [one.partition("#")[0] for one in links(page) if "://" not in one]
            waiting += [(page.parent / one).resolve() for one in local if one]
    assert [page for page in PAGES if page not in reached] == []


def test_every_loss_is_on_the_page_of_losses_which_is_as_written_now() -> None:
    written = read(DOCS / "losses.md")
    assert [name for name in LOSSES if f"## {name}\n" not in written] == []
    assert written == loss_docs.page(), "run: python -m tools.loss_docs"


def test_every_command_and_option_is_on_the_page_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = read(DOCS / "command-line.md")
    overview = help_of([], capsys)
    commands = re.findall(r"^    (\w[\w-]*) ", overview, re.MULTILINE)
    assert {"train", "runs", "export"} <= set(commands)
    for command in commands:
        assert f"| `{command}" in page, f"{command} is not in the table"
        for option in set(re.findall(r"--[a-z][a-z-]+", help_of([command], capsys))):
            assert option in page, f"{command} {option}"
    for option in set(re.findall(r"--[a-z][a-z-]+", overview)):
        assert option in page, option


def test_the_configuration_on_the_page_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", read(DOCS / "command-line.md"), re.DOTALL)
    file = tmp_path / "config.yaml"
    file.write_text(example, encoding="utf-8")
    config = RunConfig.load(file)
    assert config.loss.name in LOSSES
    assert config.to_dict().keys() == RunConfig.model_fields.keys()
    for part in ("dataset", "base", "training", "evaluation"):
        shown = re.search(rf"^{part}:\n((?:  .*\n)+)", example, re.MULTILINE)
        assert shown is not None
        names = set(re.findall(r"^  (\w+):", shown[1], re.MULTILINE))
        assert names == config.to_dict()[part].keys()


def test_the_lines_of_python_on_the_data_page_store_a_dataset(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", read(DOCS / "data.md"), re.DOTALL)
    sample = PROJECT_ROOT / "sample_data" / "product_triplets.csv"
    (tmp_path / "questions.csv").write_bytes(sample.read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "data.md", "exec"), {})
    assert [info.rows for info in list_datasets(workspace)] == [500]


def test_every_state_of_a_job_is_in_the_architecture() -> None:
    assert [state for state in JobState if state.value not in read(ARCHITECTURE)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    missing = [
        path
        for path in PATH.findall(prose(page))
        if not (PROJECT_ROOT / path).exists()
        and not (page.parent / path).exists()
        and not MADE_AT_RUN_TIME.match(path)
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_local_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_the_readme_shows_the_pictures_that_the_script_takes() -> None:
    taken = {f"docs/images/{view.name}.png" for view, _language in screenshots.README_PICTURES}
    assert len(taken) == 4
    assert {link for link in links(README) if link.startswith("docs/images/")} == taken
    assert {path.name for path in screenshots.IMAGES.iterdir()} == {Path(one).name for one in taken}
    for path in screenshots.IMAGES.iterdir():
        picture = path.read_bytes()
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert int.from_bytes(picture[16:20]) == 1280, f"{path.name} is not 1280 pixels wide"
        assert len(picture) <= screenshots.LARGEST_BYTES, f"{path.name} is too heavy"


def test_the_readmes_figures_are_those_that_were_measured() -> None:
    table = re.findall(r"^\|.*\|$", read(FIGURES), re.MULTILINE)
    assert len(table) == 4
    assert "\n".join(table) in read(README)


def test_the_pictures_cover_every_screen() -> None:
    assert {view.screen for view in screenshots.VIEWS} == {screen.name for screen in SCREENS}


def test_the_architecture_stays_readable() -> None:
    assert len(read(ARCHITECTURE).splitlines()) < 200
