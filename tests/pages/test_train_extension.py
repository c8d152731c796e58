"""Train: a base that cannot read the table, and what is added to its vocabulary."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.jobs.queue import request_stop
from core.models.extension_config import Extension
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.pages.test_train import widget
from tests.ui.helpers import base_box, go_to, open_screen, shown


def open_with_minilm() -> AppTest:
    app = open_screen("train")
    return base_box(app).select_index(0).run(timeout=60)


def ticked(app: AppTest) -> bool:
    return bool(widget(app, "checkbox", "-extend").value)


def has_rate(app: AppTest) -> bool:
    return any("Learning rate of the vocabulary" in one.label for one in app.number_input)


def test_the_warnings_button_adds_the_characters_until_that_is_taken_back(
    workspace: Workspace,
) -> None:
    add_sample(workspace, "products")
    app = open_with_minilm()
    assert not ticked(app) and not has_rate(app) and "This base cannot read" in shown(app)
    (button,) = [one for one in app.button if "characters that it cannot read" in one.label]
    button.click().run(timeout=60)
    assert ticked(app) and has_rate(app) and "This base cannot read" not in shown(app)
    rates = [widget(app, "number_input", name).value for name in ("-rate", "-newrate")]
    assert rates[0] < rates[1]
    widget(app, "checkbox", "-extend").uncheck().run(timeout=60)
    assert not ticked(app) and not has_rate(app) and "This base cannot read" in shown(app)


def test_what_is_typed_is_kept_and_queued(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_with_minilm()
    widget(app, "checkbox", "-extend").check().run(timeout=60)
    widget(app, "number_input", "-newrate").set_value(5e-4).run(timeout=60)
    widget(app, "number_input", "-pieces").set_value(7).run(timeout=60)
    go_to(app, "home")
    go_to(app, "train")
    assert ticked(app)
    app.button(key="start").click().run(timeout=120)
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    assert run.config.base.kind == "bundled"
    assert run.config.base.extend == Extension(pieces=7)
    assert run.config.training.new_rate == 5e-4
