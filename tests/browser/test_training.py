"""Training in a browser: a setting that cannot work is warned of, mended, trained, and reported."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.jobs.status import JobState, JobStatus
from core.training.config import RunConfig
from core.training.runs import load_run
from core.workspace import PROJECT_ROOT, Workspace
from tests.browser.forms import take_minilm
from tests.browser.waiting import only_run, wait_for
from tools.workbench import Workbench

pytestmark = pytest.mark.timeout(600)

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROWS = 40


def some_triplets(path: Path) -> Path:
    """The first rows of the product sample as a table of one's own."""
    sample = PROJECT_ROOT / "sample_data" / "product_triplets.csv"
    lines = sample.read_text(encoding="utf-8").splitlines(keepends=True)[: ROWS + 1]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_a_margin_out_of_reach_is_mended_by_one_click_and_the_report_is_in_chinese(
    workbench: Workbench, page: Page, tmp_path: Path
) -> None:
    page.goto(f"{workbench.url}/data")
    page.locator("input[type=file]").first.set_input_files(some_triplets(tmp_path / "商品.csv"))
    page.get_by_role("button", name="保存数据集").click()
    page.get_by_role("button", name="用它训练").click()
    expect(page.get_by_role("heading", name="训练", level=1)).to_be_visible()

    take_minilm(page)
    page.locator("label").filter(has_text="离正例近，离负例远").click()
    page.get_by_text("这个损失的设置").click()
    margin = page.get_by_role("spinbutton", name="间隔")
    margin.fill("5")
    margin.press("Enter")
    warning = page.get_by_text("间隔 5 永远达不到：最大距离只有 2。")
    expect(warning).to_be_visible()
    page.get_by_role("button", name="把间隔设为 0.5").click()
    expect(warning).to_have_count(0)
    expect(page.get_by_role("spinbutton", name="间隔")).to_have_value("0.5")
    epochs = page.get_by_role("spinbutton", name="训练轮数")
    epochs.fill("1")
    epochs.press("Enter")
    start = page.get_by_role("button", name="开始", exact=True)
    expect(start).to_be_enabled()
    start.click()
    expect(page.get_by_role("heading", name="运行", level=1)).to_be_visible()

    run = only_run(workbench.home)
    config = RunConfig.load(run / "config.yaml")
    assert config.loss.name == "TripletLoss"
    assert config.loss.parameters["triplet_margin"] == 0.5
    assert config.base.kind == "bundled"
    wait_for(lambda: not JobStatus.load(run).state.active, 300, "the end of the run")
    assert JobStatus.load(run).state is JobState.SUCCEEDED
    report = load_run(Workspace.open(workbench.home), run.name).report()
    assert report is not None

    expect(page.get_by_role("heading", name="变好了吗？")).to_be_visible()
    reached = {model.role: model.metrics["ndcg@10"] for model in report.models}
    verdict = page.get_by_text(re.compile(rf"在 {report.questions} 个留出问题上，nDCG@10 从"))
    expect(verdict).to_contain_text(f"{reached['base']:.3f}")
    expect(verdict).to_contain_text(f"{reached['tuned']:.3f}")
    told = page.get_by_test_id("stAlert").all_inner_texts()
    assert len(told) == 1 + len(report.alarms)
    assert all(CHINESE.search(sentence) for sentence in told)
    expect(page.get_by_role("heading", name="拖后腿的行")).to_be_visible()
