"""The model card of a real run: what the library's have, what they lack, nothing private."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from core.cli import parser
from core.cli.output import DONE, REFUSED
from core.data.store import load_dataset
from core.export.card.exported import Placed
from core.export.card.facts import (
    Origin,
    card_facts,
    holds_table_words,
    origin_of,
    public_config,
)
from core.export.card.form import CardForm
from core.export.card.markdown import cell, code, plain
from core.export.card.recorded import Recorded
from core.export.card.render import card_form, render_card, write_cards
from core.export.card.words import Words
from core.export.checking import Checked
from core.export.formats import Format
from core.export.job import export_run
from core.export.record import Export, Kept, require_export
from core.export.verify import Likeness
from core.jobs import queue
from core.models.bases import BaseConfig
from core.models.bundled import BUNDLED_NAME
from core.models.extension_config import Extension
from core.training.config import OwnQuestion, RunConfig
from core.training.recipes.card import read_card
from core.training.report import ModelScores
from core.training.runs import Run
from core.workspace import Workspace
from tests.export.conftest import Trained
from tests.retrieval.stand_in import running_job
from tests.training.conftest import MakeConfig, make_config, one_thread, run_here, triplets

__all__ = ["make_config", "one_thread", "triplets"]

ENGLISH, CHINESE = Words("en"), Words("zh")
EXPORTED = Placed(checked=Checked(100, Likeness(0.0, 1.0), 50.0))
PRIVATE = CardForm(show_texts=False)


def card(trained: Trained, form: CardForm | None = None, words: Words = ENGLISH) -> str:
    facts = card_facts(trained.workspace, trained.id)
    return render_card(facts, form or card_form(facts), words)


def front_matter(text: str) -> dict[str, object]:
    return yaml.safe_load(text.split("---\n")[1])


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,4}} |\Z)", text, re.M | re.S)
    assert found, f"no section {title}"
    return found[2]


def test_every_section_of_the_library_s_cards_is_there(trained: Trained) -> None:
    titles = re.findall(r"^#+ (.*)$", card(trained), re.MULTILINE)
    for title in (
        "Model Details",
        "Model Description",
        "Model Sources",
        "Full Model Architecture",
        "Usage",
        "Direct Usage (Sentence Transformers)",
        "Out-of-Scope Use",
        "Bias, Risks and Limitations",
        "Training Details",
        "Training Dataset",
        "Training Hyperparameters",
        "Non-Default Hyperparameters",
        "All Hyperparameters",
        "Training Logs",
        "Framework Versions",
        "Citation",
        "BibTeX",
        "Sentence Transformers",
        "MultipleNegativesRankingLoss",
    ):
        assert title in titles


def test_what_the_library_records_is_in_the_same_words(trained: Trained) -> None:
    text = card(trained)
    recorded = Recorded.load(trained.run.folder)
    assert recorded is not None
    assert "- **Maximum Sequence Length:** 64 tokens" in text
    assert "- **Output Dimensionality:** 32 dimensions" in text
    assert "- **Similarity Function:** Cosine Similarity" in text
    assert "(2): Normalize(" in section(text, "Full Model Architecture")
    assert "- `learning_rate`: 0.001" in section(text, "Non-Default Hyperparameters")
    assert "- `seed`: 7" in section(text, "Non-Default Hyperparameters")
    assert "- `adam_beta1`: 0.9" in section(text, "All Hyperparameters")
    assert len(recorded.hyperparameters) > 60
    assert "- PyTorch: 2.13.0" in section(text, "Framework Versions")
    assert "@misc{oord2019" in section(text, "MultipleNegativesRankingLoss")
    dataset = section(text, "Products")
    assert "* Size: 64 training samples" in dataset
    assert "* Approximate statistics based on the first 64 samples:" in dataset
    assert "<code>anchor</code>, <code>positive</code>, <code>negative</code>" in dataset
    assert re.search(r"min: \d+ tokens</li><li>mean: [\d.]+ tokens</li>", dataset)
    assert '"scale": 20.0' in dataset
    log = section(text, "Training Logs")
    assert log.count("\n| ") >= 5 and "Validation Loss" in log


def test_what_those_cards_lack_is_there(trained: Trained) -> None:
    text, report = card(trained), trained.run.report()
    assert report is not None
    scores = section(text, "Metrics")
    for role in ("before training: tiny", "**this model**", "BM25 keyword search"):
        assert role.replace("tiny", trained.base.name) in scores
    tuned = report.scores("tuned")
    assert tuned is not None and f"{tuned.metrics['ndcg@10']:.4f}" in scores
    assert report.calibration is not None
    cut = report.calibration.after.cut
    assert f"**{cut.threshold:.3f}**" in section(text, "Calibrated Threshold")
    held_out = section(text, "Held-out Rows")
    assert "16 of 80 rows are held out" in held_out and "Seed 7" in held_out
    alarms = section(text, "Alarms")
    assert all(alarm.what.text()[:30] in alarms for alarm in report.alarms)
    assert "*To be filled in: who uses this model, for what.*" in section(text, "Intended Use")
    assert "**Warning:**" in section(text, "Data Report") or "**Note:**" in text


def test_the_configuration_in_the_card_trains_the_same_again(trained: Trained) -> None:
    text = section(card(trained), "Exact Configuration")
    config = RunConfig.parse(yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0]), "")
    ours = trained.run.config
    assert config.training == ours.training and config.loss == ours.loss
    assert config.dataset == ours.dataset and config.evaluation == ours.evaluation
    assert config.base.path == trained.base.name


def test_the_front_matter_is_what_hubs_read(trained: Trained) -> None:
    form = CardForm(license="mit", language=("zh", "en"))
    header = front_matter(card(trained, form))
    assert header["license"] == "mit" and header["language"] == ["zh", "en"]
    assert {"dataset_size:64", "loss:MultipleNegativesRankingLoss"} <= set(header["tags"])
    assert len(header["widget"]) == 5 and header["library_name"] == "sentence-transformers"
    # A folder's name is no name that a hub knows.
    assert "base_model" not in header
    tasks = {
        one["task"]["type"]: [metric["type"] for metric in one["metrics"]]
        for one in header["model-index"][0]["results"]
    }
    assert tasks["information-retrieval"][0] == "ndcg@10"
    assert tasks["triplet"] == ["triplet_accuracy"] and len(tasks) == 2


def test_scores_of_pairs_are_no_search_to_hubs(trained: Trained) -> None:
    facts = card_facts(trained.workspace, trained.id)
    assert facts.report is not None
    reached = {"spearman": 0.8, "pearson": 0.7, "average_precision": 0.9, "f1": 0.8}
    models = [ModelScores("tuned", "x", reached)]
    pairs = replace(facts, report=replace(facts.report, models=models, shape="scored_pairs"))
    text = render_card(pairs, card_form(facts), ENGLISH)
    held_out = section(text, "Held-out Rows")
    assert "pairs is compared with its score" in held_out and "searched" not in held_out
    (index,) = front_matter(text)["model-index"]  # type: ignore[misc]
    assert [one["task"]["name"] for one in index["results"]] == [
        "Semantic Similarity",
        "Binary Classification",
    ]
    assert index["results"][0]["metrics"][0]["name"] == "Spearman correlation"


def all_texts(trained: Trained) -> list[str]:
    frame = trained.frame
    return [
        trained.secret,
        *(text for role in ("anchor", "positive", "negative") for text in frame[role]),
    ]


def spellings(text: str) -> set[bytes]:
    """The beginning of a text as a file may hold it: as it is, or as JSON and YAML escape it."""
    start = text[:12]
    escaped = json.dumps(start)[1:-1]
    spelt = {start, escaped, escaped.upper(), escaped.replace("\\u", "\\U0000")}
    return {one.encode(code) for one in spelt for code in ("utf-8", "utf-16-le", "gb18030")}


def held_by(export: Export) -> dict[str, bytes]:
    """Every file of an export: those of its folder, and those of its zip file as they unpack."""
    files = {str(path): path.read_bytes() for path in export.folder.rglob("*") if path.is_file()}
    with zipfile.ZipFile(export.file) as archive:
        files |= {name: archive.read(name) for name in archive.namelist()}
    return files


def assert_private(export: Export, texts: list[str]) -> None:
    files = held_by(export)
    assert any(name.endswith("tokenizer.json") for name in files)
    for text in dict.fromkeys(texts):
        for spelt in spellings(text):
            assert [name for name, content in files.items() if spelt in content] == [], text


def test_a_text_is_found_however_it_is_escaped() -> None:
    written = [json.dumps({"a": "一段私密的文字，很长"}), "- a: 一段私密的文字，很长"]
    for one in written:
        assert any(spelt in one.encode() for spelt in spellings("一段私密的文字，很长"))


@pytest.mark.parametrize("format", [Format.FOLDER, Format.ONNX])
def test_a_private_table_leaves_no_text_in_anything_that_is_packed(
    trained: Trained, format: Format
) -> None:
    shown = card(trained)
    assert sum(text in shown for text in all_texts(trained)) >= 5
    private = card(trained, PRIVATE), card(trained, PRIVATE, CHINESE)
    PRIVATE.save(trained.run.folder)
    try:
        assert_private(trained.export(format), all_texts(trained))
    finally:
        (trained.run.folder / "card_form.json").unlink()
    for text in all_texts(trained):
        assert not any(text[:12] in one for one in private), text
    assert "widget" not in front_matter(private[0])
    assert "Samples: left out, the table is private" in private[0]
    assert "Questions of one's own are left out" in private[0]


def test_a_static_model_holds_words_of_its_table_but_no_text_and_says_so(
    workspace: Workspace, triplets: str, make_config: MakeConfig
) -> None:
    base = BaseConfig(kind="static", vocabulary_size=600, dimension=32)
    folder = run_here(workspace, make_config(triplets, base, epochs=1))
    PRIVATE.save(folder)
    params = {"run": folder.name, "format": "numpy"}
    export_run(running_job(workspace, "export", params))
    export = require_export(workspace, folder.name, Format.NUMPY)
    frame = load_dataset(workspace, triplets).frame()
    assert_private(export, [text for role in ("anchor", "positive") for text in frame[role]])
    vocabulary = json.loads((export.folder / "tokenizer.json").read_text())["model"]["vocab"]
    table = "".join(frame["positive"])
    assert any(len(piece) > 1 and piece in table for piece, _ in vocabulary)
    text = (export.folder / "README.md").read_text(encoding="utf-8")
    assert "words of it, and pieces of words, are in tokenizer.json" in text


def test_a_model_from_nothing_is_compared_and_did_not_begin_as_the_other(trained: Trained) -> None:
    facts = card_facts(trained.workspace, trained.id)
    text = render_card(replace(facts, origin=Origin()), CardForm(), ENGLISH)
    name = trained.base.name
    assert f"for comparison: {name}" in text and "before training:" not in text
    assert f"The threshold of {name} was" in section(text, "Calibrated Threshold")
    assert f"before training: {name}" in card(trained)


def test_an_older_run_says_no_more_samples_than_it_has(trained: Trained) -> None:
    facts = card_facts(trained.workspace, trained.id)
    assert facts.recorded is not None
    old = replace(facts, recorded=replace(facts.recorded, measured=None))
    assert "based on the first 64 samples:" in render_card(old, CardForm(), ENGLISH)


def test_whose_vocabulary_holds_words_of_the_table(trained: Trained) -> None:
    def holds(base: BaseConfig) -> bool:
        return holds_table_words(trained.workspace, base)

    assert "pieces of words" not in card(trained)
    assert not holds(BaseConfig(kind="run", run=trained.id))
    assert not holds(BaseConfig(kind="run", run="gone"))
    assert holds(BaseConfig(kind="static", start=f"run:{trained.id}"))
    extended = BaseConfig(kind="folder", path="/x", extend=Extension(characters=5))
    assert holds(extended)


def test_no_path_of_this_computer_is_in_a_card(trained: Trained) -> None:
    for text in (card(trained), card(trained, PRIVATE, CHINESE)):
        assert str(trained.base.parent) not in text
        assert str(trained.workspace.root) not in text


@pytest.mark.parametrize(
    ("base", "name", "revision"),
    [
        (BaseConfig(kind="bundled"), BUNDLED_NAME, "SHA-256 53aa"),
        (
            BaseConfig(kind="hub", repo="BAAI/bge-small-zh-v1.5", revision="7" * 40),
            "BAAI/bge-small-zh-v1.5",
            "7" * 40,
        ),
        (BaseConfig(kind="folder", path="/gone/my-model"), "my-model", ""),
        (BaseConfig(kind="static"), "", ""),
        (BaseConfig(kind="static", start="bundled"), BUNDLED_NAME, "SHA-256"),
    ],
)
def test_where_a_model_comes_from(
    workspace: Workspace, base: BaseConfig, name: str, revision: str
) -> None:
    origin = origin_of(workspace, base)
    assert origin.name == name and origin.revision.startswith(revision)
    assert origin.address == (f"https://huggingface.co/{name}" if "/" in name else "")


def test_a_path_in_a_folders_settings_is_no_name_of_a_hub(
    trained: Trained, workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "shoes-v2"
    shutil.copytree(trained.base, folder)
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    settings["_name_or_path"] = "/home/li.wei/secret-project/shoes-v2"
    (folder / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    origin = origin_of(workspace, BaseConfig(kind="folder", path=str(folder)))
    assert (origin.name, origin.address, origin.hub) == ("shoes-v2", "", False)


def test_a_model_that_was_trained_further_names_its_first_base(
    trained: Trained, workspace: Workspace
) -> None:
    origin = origin_of(trained.workspace, BaseConfig(kind="run", run=trained.id))
    assert origin.name == trained.base.name and origin.runs == ("Product | *finder*",)
    gone = BaseConfig(kind="folder", path="/gone/another")
    assert origin_of(workspace, gone, trained.run.folder).name == trained.base.name
    # The run in between may be gone.
    assert origin_of(workspace, BaseConfig(kind="run", run="gone")).runs == ("gone",)


def test_a_static_model_that_began_with_a_run_names_the_runs_before(trained: Trained) -> None:
    workspace = trained.workspace
    config = trained.run.config.model_copy(
        update={"name": "static", "base": BaseConfig(kind="static", start=f"run:{trained.id}")}
    )
    id = queue.submit(workspace, "train", config.to_dict(), name="static")
    queue.release(workspace, id)
    try:
        origin = origin_of(workspace, BaseConfig(kind="run", run=id))
    finally:
        shutil.rmtree(workspace.run(id))
    assert origin.name == trained.base.name
    assert origin.runs == ("Product | *finder*", "static")


def test_paths_in_settings_become_names(trained: Trained) -> None:
    config = trained.run.config
    loss = config.loss.model_copy(update={"parameters": {"guide": "/home/me/models/guide"}})
    origin = origin_of(trained.workspace, config.base)
    shown = public_config(config.model_copy(update={"loss": loss}), origin, show_texts=True)
    assert "guide: guide" in shown.text and "/home/me" not in shown.text
    assert shown.paths == {
        "base.path": trained.base.name,
        "loss.parameters.guide": "guide",
    }
    facts = card_facts(trained.workspace, trained.id)
    assert facts.recorded is not None
    printed = """{"guide": "SentenceTransformer('/home/me/models/guide')", "x": "/home/me/y"}"""
    recorded = replace(facts.recorded, loss_parameters=printed)
    text = render_card(replace(facts, recorded=recorded), CardForm(), ENGLISH)
    assert "SentenceTransformer('guide')" in text and "/home/me" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/guide",
        "~/models/guide",
        "~me/guide",
        "../guide/",
        "./guide",
        r"C:\Users\me\guide",
        "D:/me/guide",
        r"\\server\me\guide",
        r"..\me\guide",
    ],
)
def test_a_path_is_known_on_whichever_system_it_was_written(trained: Trained, path: str) -> None:
    facts = card_facts(trained.workspace, trained.id)
    loss = trained.run.config.loss.model_copy(update={"parameters": {"guide": path}})
    question = OwnQuestion(question="/sg/ 是什么意思？")
    evaluation = trained.run.config.evaluation.model_copy(update={"questions": (question,)})
    config = trained.run.config.model_copy(update={"loss": loss, "evaluation": evaluation})
    assert facts.recorded is not None
    printed = json.dumps({"guide": path, "printed": f"Model('{path}')"})
    recorded = replace(facts.recorded, loss_parameters=printed)
    changed = replace(facts, run=replace(facts.run, config=config), recorded=recorded)
    text = render_card(changed, CardForm(), ENGLISH)
    assert "guide: guide\n" in text and '"guide": "guide"' in text and "Model('guide')" in text
    assert not re.search(r"[\\/](me|models)\b|~|[CD]:[\\/]", text.partition("## Training")[2])
    # A question is a text, whatever it begins with.
    assert "question: /sg/ 是什么意思？" in text


def test_what_must_be_replaced_elsewhere_is_said(trained: Trained) -> None:
    text = section(card(trained), "Exact Configuration")
    assert "put its own ids in the place of `dataset.id`;" in text
    assert f"in the place of `base.path` ({plain(trained.base.name)})" in text
    config = trained.run.config
    base = BaseConfig(kind="run", run=trained.id)
    evaluation = config.evaluation.model_copy(update={"exam": "corpus-1", "questions": "family-1"})
    changed = config.model_copy(update={"base": base, "evaluation": evaluation})
    shown = public_config(changed, Origin(), show_texts=True)
    assert shown.ids == ("dataset.id", "base.run", "evaluation.exam", "evaluation.questions")
    assert shown.paths == {}


def test_the_log_says_that_its_scores_are_others(trained: Trained) -> None:
    note = "they can be compared with each other, not with those under Evaluation"
    facts = card_facts(trained.workspace, trained.id)
    assert note in section(card(trained), "Training Logs")
    # A static model is looked at with the whole examination.
    static = render_card(replace(facts, static=True), CardForm(), ENGLISH)
    assert note not in static


def test_a_card_of_an_old_run_says_what_was_not_recorded(trained: Trained) -> None:
    facts = replace(
        card_facts(trained.workspace, trained.id),
        recorded=None,
        report=None,
        dataset=None,
        data_report=None,
        examples=(),
    )
    text = render_card(facts, PRIVATE, ENGLISH)
    assert "Not recorded" in section(text, "Training Hyperparameters")
    assert "There is no report of this run" in section(text, "Evaluation")


def test_every_word_goes_through_the_translation(trained: Trained) -> None:
    """With a language that writes capitals, no heading and no label is left in English."""
    loud = Words("zh", lambda text: re.sub(r"[a-z]+(?![^{]*})", lambda m: m[0].upper(), text))
    text = card(trained, PRIVATE, loud)
    own = {"BibTeX", "Sentence Transformers", "MultipleNegativesRankingLoss", "Products"}
    titles = set(re.findall(r"^#+ (.*)$", text, re.MULTILINE)) - own
    assert [one for one in titles if re.search("[a-z]", one) and "finder" not in one] == []
    labels = [line for line in text.splitlines() if line.startswith("- **") and "//" not in line]
    assert labels and not any(re.match(r"- \*\*[^*]*[a-z]", line) for line in labels)


_SENTENCE = re.compile(r"(?:[A-Za-z]+[ ,;]+){3,}[A-Za-z]+")
_FIXED_NAMES = (
    "Sentence Transformers on GitHub",
    "Sentence Transformers on Hugging Face",
    "Sentence Transformers Documentation",
)


def english_in(card: str) -> list[str]:
    """The sentences of a card that are English, outside code, the texts of a table and names."""
    body = card.split("\n---\n", 1)[1]
    body = re.sub(r"^ *(`{3,}).*?^ *\1", "", body, flags=re.MULTILINE | re.DOTALL)
    body = re.sub(r"`[^`]*`|<[^>]+>|\]\([^)]*\)", "", body)
    for name in _FIXED_NAMES:
        body = body.replace(name, "")
    return _SENTENCE.findall(body)


@pytest.mark.parametrize("form", [CardForm(), PRIVATE])
def test_a_chinese_card_has_no_english_sentence(trained: Trained, form: CardForm) -> None:
    facts = card_facts(trained.workspace, trained.id)
    kept = Kept("ndcg@10", 16, 0.9, 0.8)
    checked = Checked(100, Likeness(0.0, 1.0), 50.0, 40.0, kept, made=20)
    for table_words in (True, False):
        changed = replace(facts, table_words=table_words)
        placed = Placed("m", Format.ONNX, checked=checked)
        assert english_in(render_card(changed, form, CHINESE, placed)) == []
    # The search itself finds them in a card that is English.
    assert len(english_in(card(trained))) > 20


def test_a_run_leaves_its_card_beside_its_model(trained: Trained) -> None:
    assert trained.run.model is not None
    text = (trained.run.model / "README.md").read_text()
    assert text.startswith("---\n") and "### Held-out Rows" in text
    # What the library would have written says it differently.
    assert "Evaluation Dataset" not in text


def test_the_first_language_is_the_readme(trained: Trained, tmp_path: Path) -> None:
    CardForm(cards=("zh",)).save(trained.run.folder)
    try:
        write_cards(trained.workspace, trained.id, tmp_path, EXPORTED)
    finally:
        (trained.run.folder / "card_form.json").unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize("text", ["a|b", "`x`", "<script>", "**b**", "a\nb", "[x](y)", "&lt;"])
def test_people_s_own_text_stays_text(text: str) -> None:
    shown = cell(text)
    assert "|" not in shown and "\n" not in shown and "<script" not in shown
    assert "`" not in shown and "**" not in shown
    assert "\n" not in plain(text)


def test_a_block_of_code_ends_where_it_should() -> None:
    assert code("a\n```\nb", "yaml").startswith("````yaml\n")
    assert code("a").splitlines() == ["```", "a", "```"]


def test_the_card_from_the_command_line(
    trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(trained.workspace.root)
    filled = ("--license", "apache-2.0", "--language", "zh", "--no-texts", "--intended", "找商品")
    try:
        assert parser.main(["--workspace", root, "card", trained.id, *filled]) == DONE
        text = capsys.readouterr().out
        assert front_matter(text)["license"] == "apache-2.0" and "找商品" in text
        assert parser.main(["--workspace", root, "card", trained.id, "--json"]) == DONE
        assert json.loads(capsys.readouterr().out)["show_texts"] is False
        assert parser.main(["--workspace", root, "card", trained.id, "--cards", "fr"]) == REFUSED
        assert "The card's cards cannot be fr" in capsys.readouterr().err
    finally:
        (trained.run.folder / "card_form.json").unlink(missing_ok=True)


def test_an_export_from_the_command_line(
    trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for format in (Format.HALF, Format.ONNX):
        trained.export(format)
    asked = ["--format", "float16", "--format", "onnx", "--folder", "--json"]
    root = str(trained.workspace.root)
    code = parser.main(
        ["--workspace", root, "export", trained.id, "--to", str(tmp_path / "out"), *asked]
    )
    assert code == DONE
    found = json.loads(capsys.readouterr().out)
    assert [one["format"] for one in found] == ["float16", "onnx"]
    assert [Path(one["file"]).is_dir() for one in found] == [True, True]
    assert found[1]["cosine"] >= 0.999 and found[1]["kept"]["metric"] == "ndcg@10"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "Product-finder-float16",
        "Product-finder-onnx",
    }


def test_a_run_without_recorded_facts_can_still_be_exported(run: Run, workspace: Workspace) -> None:
    facts = card_facts(workspace, run.id)
    text = render_card(facts, card_form(facts), ENGLISH)
    assert "made from nothing but the texts of its own training table" in text


def test_the_scores_can_be_read_from_a_card_of_ours(trained: Trained) -> None:
    report = card_facts(trained.workspace, trained.id).report
    tuned = report.scores("tuned") if report else None
    assert tuned is not None
    for words in (ENGLISH, CHINESE):
        search, triplet = read_card(card(trained, words=words)).evaluations
        found = {**search.metrics, **triplet.metrics}
        assert found.keys() == tuned.metrics.keys()
        for name, (value,) in found.items():
            assert value == pytest.approx(tuned.metrics[name], abs=5e-5)
