"""The catalogues are complete and in step with the code, and know everything that is shown."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.workspace import PROJECT_ROOT
from tests.ui.hard_coded import hard_coded, hard_coded_in
from tools import messages


def test_both_catalogues_are_complete_and_in_step() -> None:
    assert messages.check() == []


def test_extract_changes_nothing_when_all_is_in_step(tmp_path: Path) -> None:
    for folder in messages.SOURCES:
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    messages.extract(tmp_path)
    for language in messages.LANGUAGES:
        extracted = messages.catalogue_path(tmp_path, language).read_text("utf-8")
        assert extracted == messages.catalogue_path(PROJECT_ROOT, language).read_text("utf-8")


@pytest.mark.parametrize("folder", ["pages", "ui"])
def test_no_screen_shows_words_that_no_catalogue_knows(folder: str) -> None:
    assert hard_coded_in(PROJECT_ROOT / folder) == []


def test_no_message_of_core_is_unknown_to_the_catalogues() -> None:
    assert hard_coded_in(PROJECT_ROOT / "core", screen=False) == []


@pytest.mark.parametrize(
    "code",
    [
        'st.title("Hello there")',
        'st.button(":material/add: Add")',
        'st.markdown(f"**{n}** rows")',
        'st.selectbox(_("Loss"), options, help="What to minimise")',
        'place.caption("a" if busy else _("b"))'.replace('"a"', '"still going"'),
        'st.metric(label="Rows", value=3)',
        'st.tabs(["One tab", _("Two")])',
        'figure.update_layout(title="Loss per step")',
        'figure.update_layout(title={"text": "Loss per step"})',
        'Message("The disk is full.")',
        'st.error("Too many {n}".format(n=3))',
        'class Full(Problem):\n    what = "The disk is full."',
        'st.column_config.TextColumn("Anchor")',
    ],
)
def test_the_finder_finds_hard_coded_words(code: str) -> None:
    assert len(hard_coded(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        'st.title(_("Hello there"))',
        'st.button("", icon=":material/add:", key="add_one", type="primary")',
        'st.markdown(f"**{name}** · :material/add: :green-badge[{n}]")',
        'Message(N_("The disk is full."))',
        'Message(TEMPLATE, {"file": "data.csv"})',
        'class Full(Problem):\n    what = N_("The disk is full.")',
        'st.code("pip install this")',
        'figure.add_scatter(hovertemplate="%{x}: %{y}<extra></extra>", mode="lines")',
        'submit(workspace, "train", params, name="nightly run")',
    ],
)
def test_the_finder_lets_the_rest_be(code: str) -> None:
    assert hard_coded(code) == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project whose catalogues are in step."""
    for folder in messages.SOURCES:
        (tmp_path / folder).mkdir()
    (tmp_path / "core" / "a.py").write_text('N_("{rows} rows of {file}")\n', encoding="utf-8")
    (tmp_path / "ui" / "b.py").write_text(
        '_("Save")\nngettext("{n} row", "{n} rows", n)\n', encoding="utf-8"
    )
    messages.extract(tmp_path)
    translate(tmp_path, "{rows} rows of {file}", "{file} 的 {rows} 行")
    translate(tmp_path, "Save", "保存")
    path = messages.catalogue_path(tmp_path, "zh_CN")
    text = path.read_text(encoding="utf-8").replace('msgstr[0] ""', 'msgstr[0] "{n} 行"')
    path.write_text(text, encoding="utf-8")
    assert messages.check(tmp_path) == []
    return tmp_path


def translate(project: Path, message: str, chinese: str) -> None:
    path = messages.catalogue_path(project, "zh_CN")
    pattern = re.compile(f'(msgid "{re.escape(message)}"\nmsgstr) ".*"')
    text, count = pattern.subn(lambda found: f'{found[1]} "{chinese}"', path.read_text("utf-8"))
    assert count == 1
    path.write_text(text, encoding="utf-8")


def test_a_new_sentence_is_missed_and_an_old_one_is_stale(project: Path) -> None:
    (project / "ui" / "b.py").write_text(
        '_("Store")\nngettext("{n} row", "{n} rows", n)\n', encoding="utf-8"
    )
    assert messages.check(project) == [
        "en: missing, run extract: 'Store'",
        "en: stale, run extract: 'Save'",
        "zh_CN: missing, run extract: 'Store'",
        "zh_CN: stale, run extract: 'Save'",
    ]
    messages.extract(project)
    assert messages.check(project) == ["zh_CN: not translated: 'Store'"]


def test_extract_keeps_translations(project: Path) -> None:
    before = messages.catalogue_path(project, "zh_CN").read_bytes()
    messages.extract(project)
    assert messages.catalogue_path(project, "zh_CN").read_bytes() == before


@pytest.mark.parametrize(
    ("chinese", "fault"),
    [
        ("", "not translated"),
        ("Save", "no Chinese in the translation"),
        ("保存 {file}", "the {fields} differ"),
    ],
)
def test_faulty_translations_are_found(project: Path, chinese: str, fault: str) -> None:
    translate(project, "Save", chinese)
    assert f"zh_CN: {fault}: 'Save'" in messages.check(project)


def test_a_field_that_a_translation_dropped_is_found(project: Path) -> None:
    translate(project, "{rows} rows of {file}", "{file} 的行")
    assert messages.check(project) == ["zh_CN: the {fields} differ: '{rows} rows of {file}'"]


def test_the_command_says_what_is_wrong_by_its_exit_code() -> None:
    command = [sys.executable, "-m", "tools.messages", "check"]
    run = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode == 0) == (messages.check() == [])
    assert run.stdout.splitlines() == messages.check()
