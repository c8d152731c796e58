"""The whole story in a real browser with the real base model: from a table to a model folder."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.encoder import client
from core.jobs.status import JobState, JobStatus
from core.training.runs import Curves, load_run
from core.workspace import Workspace
from tests.browser.forms import take_minilm
from tests.browser.waiting import only_run, wait_for
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(600)

SCREENS = ("首页", "数据", "训练", "运行", "所有运行", "查看", "检索", "匹配", "导出")


def screen(page: Page, name: str) -> None:
    """Click a screen in the page list and wait until it is there."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def points(run: Path) -> Curves:
    curves = Curves()
    curves.update(run)
    return curves


def chart_points(page: Page) -> int:
    """How many points of the training loss the browser has been given."""
    chart = page.locator(".js-plotly-plot").first
    expect(chart).to_be_visible()
    return int(chart.evaluate("chart => chart.data[0].x.length ?? chart._fullData[0]._length"))


def test_a_table_goes_in_and_a_model_comes_out(
    workbench: Workbench, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{workbench.url}/data")
    page.get_by_role("button", name="中文商品", exact=False).first.click()
    expect(page.get_by_text("500 个三元组", exact=False).first).to_be_visible()
    page.get_by_role("button", name="保存数据集").click()
    page.get_by_role("button", name="用它训练").click()

    expect(page.get_by_role("heading", name="训练", level=1)).to_be_visible()
    take_minilm(page)
    epochs = page.get_by_role("spinbutton", name="训练轮数")
    epochs.fill("1")
    epochs.press("Enter")
    batch = page.get_by_role("spinbutton", name="批大小")
    batch.fill("16")
    batch.press("Enter")
    start = page.get_by_role("button", name="开始", exact=True)
    expect(start).to_be_enabled()
    start.click()
    expect(page.get_by_role("heading", name="运行", level=1)).to_be_visible()

    run = only_run(workbench.home)
    wait_for(lambda: len(points(run).train) >= 2, 120, "the second point of the curve")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    assert chart_points(page) >= 1
    assert JobStatus.load(run).state is JobState.RUNNING

    page.reload()
    expect(page.get_by_text("运行中").first).to_be_visible()
    assert chart_points(page) >= 2
    assert JobStatus.load(run).state is JobState.RUNNING

    zoom_survives_an_update(page, run)

    workbench.kill()
    assert JobStatus.load(run).state is JobState.RUNNING
    before = points(run).train
    workbench.start()
    page.goto(f"{workbench.url}/run?run={run.name}")
    wait_for(lambda: len(points(run).train) > len(before), 60, "training without the web server")
    assert chart_points(page) >= len(before)
    assert JobStatus.load(run).state is JobState.RUNNING
    wait_for(lambda: not JobStatus.load(run).state.active, 300, "the end of the run")
    assert JobStatus.load(run).state is JobState.SUCCEEDED
    expect(page.get_by_text("已完成").first).to_be_visible()
    expect(page.get_by_role("heading", name="变好了吗")).to_be_visible()
    steps = [point["step"] for point in points(run).train]
    assert steps == sorted(set(steps)) and steps[0] == 1 and steps[-1] == points(run).steps
    polling_has_stopped(page)

    screen(page, "查看")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    titles = " ".join(page.locator(".js-plotly-plot").first.locator("text").all_text_contents())
    assert "训练后" in titles and "all-MiniLM-L6-v2" in titles
    page.get_by_text("分布图", exact=True).click()
    expect(page.get_by_text("随机种子 42", exact=False).first).to_be_visible(timeout=120_000)

    screen(page, "检索")
    question = page.get_by_role("searchbox")
    question.fill("下雨天跑步鞋子不想湿透")
    question.press("Enter")
    for column in ("基座：all-MiniLM-L6-v2", "微调后：中文商品", "BM25 关键词检索"):
        expect(page.get_by_text(column, exact=True)).to_be_visible()
    expect(page.get_by_text("雨驭 GT", exact=False).first).to_be_visible()

    screen(page, "导出")
    page.locator(".st-key-format_safetensors").get_by_role("button").click()
    link = page.get_by_role("link", name=re.compile("下载"))
    expect(link).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        link.click()
    archive = tmp_path / "model.zip"
    download.value.save_as(archive)
    the_archive_gives_the_same_vectors(archive, Workspace.open(workbench.home), run, tmp_path)


def zoom_survives_an_update(page: Page, run: Path) -> None:
    """Zoom into the live chart, wait for another point, and find the zoom as it was."""
    chart = page.locator(".js-plotly-plot").first
    whole = chart.evaluate("chart => chart._fullLayout.yaxis.range")
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    left, top = box["x"] + box["width"] * 0.05, box["y"] + box["height"] * 0.1
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + box["width"] * 0.5, top + box["height"] * 0.7, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    zoomed = chart.evaluate("chart => chart._fullLayout.yaxis.range")
    assert zoomed != pytest.approx(whole)
    seen = len(points(run).train)
    wait_for(lambda: len(points(run).train) >= seen + 2, 60, "another point after the zoom")
    wait_for(lambda: chart_points(page) > seen, 15, "that point on the chart")
    assert chart.evaluate("chart => chart._fullLayout.yaxis.range") == pytest.approx(zoomed)


def polling_has_stopped(page: Page) -> None:
    """Once the run has ended, the page asks the server for nothing more."""
    page.wait_for_timeout(2_000)
    sent: list[str] = []
    page.on("websocket", lambda socket: sent.append(socket.url))
    page.evaluate(
        "() => { window.__messages = 0; const send = WebSocket.prototype.send;"
        " WebSocket.prototype.send = function (data) {"
        " window.__messages += 1; return send.call(this, data); };"
        " const fetched = window.fetch; window.fetch = function (...what) {"
        " window.__messages += 1; return fetched.apply(this, what); }; }"
    )
    page.wait_for_timeout(4_000)
    assert page.evaluate("() => window.__messages") == 0 and not sent


def the_archive_gives_the_same_vectors(
    archive: Path, workspace: Workspace, run: Path, tmp_path: Path
) -> None:
    """Unpack the download, load it in a process that knows nothing of us, compare vectors."""
    zipfile.ZipFile(archive).extractall(tmp_path / "home")
    (folder,) = (tmp_path / "home").iterdir()
    texts = json.loads((run / "held_out_texts.json").read_text(encoding="utf-8"))
    code = (
        "import sys, io, json, numpy as np; from sentence_transformers import SentenceTransformer;"
        "model = SentenceTransformer(sys.argv[1], device='cpu');"
        "vectors = model.encode(json.load(sys.stdin), normalize_embeddings=True);"
        "buffer = io.BytesIO(); np.save(buffer, vectors);"
        "sys.stdout.buffer.write(buffer.getvalue())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(folder)],
        input=json.dumps(texts).encode(),
        capture_output=True,
        check=True,
    )
    theirs = np.load(io.BytesIO(done.stdout))
    model = load_run(workspace, run.name).model
    assert model is not None
    ours = client.encode(workspace, model, texts)
    assert len(texts) >= 50
    np.testing.assert_allclose(theirs, ours, atol=1e-5)


@pytest.mark.slow
def test_one_click_on_the_drug_sample_beats_bm25_and_minilm(
    workbench: Workbench, page: Page
) -> None:
    page.goto(workbench.url)
    card = page.get_by_test_id("stVerticalBlock").filter(has_text="试一试：中文药品").last
    card.get_by_role("button", name="立即训练").click()
    expect(page.get_by_role("heading", name="运行", level=1)).to_be_visible()
    run = only_run(workbench.home)
    wait_for(lambda: not JobStatus.load(run).state.active, 300, "the end of the run")
    report = load_run(Workspace.open(workbench.home), run.name).report()
    assert report is not None and report.exam is not None
    reached = {model.role: model.metrics["ndcg@10"] for model in report.exam.models}
    assert reached["tuned"] > reached["bm25"] > reached["base"]
    expect(page.get_by_text(f"{reached['tuned']:.3f}").first).to_be_visible()

    screen(page, "检索")
    page.get_by_text("批量提问", exact=True).click()
    page.get_by_role("button", name=re.compile("问全部")).click()
    bars = page.locator(".js-plotly-plot text")
    for role in ("base", "tuned", "bm25"):
        expect(bars.filter(has_text=f"{reached[role]:.3f}").first).to_be_visible()


def test_every_screen_opens_by_a_cold_deep_link(workbench: Workbench, page: Page) -> None:
    addresses = ("", "data", "train", "run", "runs", "inspect", "search", "match", "export")
    for address, title in zip(addresses, SCREENS, strict=True):
        page.goto(f"{workbench.url}/{address}")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        for name in SCREENS:
            navigation = page.get_by_test_id("stSidebarNav")
            expect(navigation.get_by_role("link", name=name, exact=True)).to_be_visible()
        expect(page.get_by_text("English", exact=True)).to_be_visible()
