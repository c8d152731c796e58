"""Train: a base that cannot read the table, and what is added to its vocabulary."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from core.data.samples import add_sample
from core.jobs.queue import request_stop
from core.models.extension_config import Extension
from core.training.runs import list_runs
from core.workspace import Workspace
from tests.pages.test_train import widget
from tests.ui.helpers import go_to, open_screen, shown


def open_with_minilm() -> AppTest:
    app = open_screen("train")
    return app.selectbox[1].select_index(0).run(timeout=60)


def started(app: AppTest, workspace: Workspace):
    app.button(key="start").click().run(timeout=120)
    (run,) = list_runs(workspace)
    request_stop(workspace, run.id)
    return run.config


def ticked(app: AppTest) -> bool:
    return bool(widget(app, "checkbox", "-extend").value)


def test_the_warnings_button_adds_the_characters_and_the_form_keeps_them(
    workspace: Workspace,
) -> None:
    add_sample(workspace, "products")
    app = open_with_minilm()
    assert not ticked(app) and "This base cannot read" in shown(app)
    assert not [one for one in app.number_input if "Learning rate of the vocabulary" in one.label]
    (button,) = [one for one in app.button if "characters that it cannot read" in one.label]
    button.click().run(timeout=60)
    assert ticked(app) and "This base cannot read" not in shown(app)
    widget(app, "number_input", "-pieces").set_value(7).run(timeout=60)
    widget(app, "number_input", "-newrate").set_value(5e-4).run(timeout=60)
    go_to(app, "home")
    go_to(app, "train")
    assert ticked(app)
    config = started(app, workspace)
    assert config.base.kind == "bundled"
    assert config.base.extend == Extension(pieces=7)
    assert config.training.new_rate == 5e-4


def test_what_is_ticked_can_be_taken_back(workspace: Workspace) -> None:
    add_sample(workspace, "products")
    app = open_with_minilm()
    widget(app, "checkbox", "-extend").check().run(timeout=60)
    assert (
        widget(app, "number_input", "-newrate").value > widget(app, "number_input", "-rate").value
    )
    widget(app, "checkbox", "-extend").uncheck().run(timeout=60)
    config = started(app, workspace)
    assert (config.base.extend, config.training.new_rate) == (None, None)
