"""The workbench as it comes up: light, on this machine only, readable, gone when it is ended."""

from __future__ import annotations

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tools.workbench import Workbench, end_processes_of

CHINESE_FONTS = {"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC"}
HEAVY_LIBRARIES = ("libtorch", "llvmlite", "/sklearn/", "/umap/")


def test_the_web_server_never_loads_the_training_libraries(
    workbench: Workbench, page: Page
) -> None:
    page.goto(workbench.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    loaded = {region.path for region in psutil.Process(workbench.pid).memory_maps()}
    assert not [path for path in loaded if any(name in path for name in HEAVY_LIBRARIES)]


def test_it_listens_on_this_machine_only(workbench: Workbench) -> None:
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(workbench.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.parametrize("page", ["zh-CN"], indirect=True)
def test_a_killed_server_comes_back_at_the_same_address(workbench: Workbench, page: Page) -> None:
    page.goto(workbench.url)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_be_visible()
    words = heading.inner_text()
    workbench.kill()
    assert not psutil.pid_exists(workbench.pid)
    workbench.start()
    page.goto(workbench.url)
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def test_the_end_of_a_workspace_finds_its_server(workbench: Workbench) -> None:
    ended = end_processes_of(workbench.home)
    assert any("app.py" in command for command in ended)
    assert end_processes_of(workbench.home) == []


def test_chinese_is_drawn_by_a_font_that_has_it(workbench: Workbench, open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    page.goto(workbench.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # An element of our own: what Streamlit draws may be drawn anew between two of these lines.
    page.evaluate(
        """() => {
            const probe = document.createElement('p');
            probe.id = 'probe';
            probe.textContent = '训练工作台';
            document.querySelector('[data-testid="stApp"]').append(probe);
        }"""
    )
    expect(page.locator("#probe")).to_be_visible()
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    probe = tools.send("DOM.querySelector", {"nodeId": root, "selector": "#probe"})
    fonts = tools.send("CSS.getPlatformFontsForNode", probe)["fonts"]
    used = {font["familyName"] for font in fonts}
    assert used and used <= CHINESE_FONTS
