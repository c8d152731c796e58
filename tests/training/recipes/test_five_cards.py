"""The five published cards themselves, field by field, against a plain search in their raw text.

Nothing of the reader is used to find out what a card says: regular expressions over the file, each
for the one form in which these five have it.  Both the reader and the YAML files that come with
Pairloom are compared with that.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
import yaml

from core.training.recipes.card import read_card_file
from core.training.recipes.facts import Card
from core.training.recipes.store import NAMES, load_recipe
from core.workspace import Workspace
from tests.training.recipes.test_card import CARDS

pytestmark = pytest.mark.skipif(
    not CARDS.is_dir(), reason="the published cards are not on this computer"
)
WHOLE = ("card-000", "card-002")
"""The cards without broken characters."""


def raw_text(id: str) -> str:
    (path,) = CARDS.glob(f"{id.removeprefix('card-')}_*")
    return path.read_text(encoding="utf-8")


def read(id: str) -> Card:
    (path,) = CARDS.glob(f"{id.removeprefix('card-')}_*")
    return read_card_file(path)


def ready(workspace: Workspace, id: str) -> Card:
    card = load_recipe(workspace, id).card
    assert card is not None
    return card


@pytest.fixture(params=NAMES)
def id(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def raw(id: str) -> str:
    return raw_text(id)


@pytest.fixture
def cards(workspace: Workspace, id: str) -> tuple[Card, Card]:
    """As it is read now, and as it comes with Pairloom."""
    return read(id), ready(workspace, id)


def one(pattern: str, text: str) -> str:
    found = re.findall(pattern, text, re.MULTILINE)
    assert len(set(found)) == 1, (pattern, found)
    return str(found[0])


def after(title: str, text: str) -> str:
    """What stands below a heading, up to the next one."""
    _, _, rest = text.partition(f"\n{title}\n")
    assert rest, title
    return re.split(r"^#{1,6} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def plain(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def settings(text: str) -> dict[str, Any]:
    return {name: plain(value) for name, value in re.findall(r"^- `(\w+)`: (.*)$", text, re.M)}


def rows(text: str) -> list[list[str]]:
    """The cells of a table, its rule left out."""
    lines = [line.strip() for line in text.split("\n") if line.strip().startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if not set("".join(row)) <= set(":-")]


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_head(cards: tuple[Card, Card], raw: str) -> None:
    head = raw.split("---\n")[1]
    tags = re.findall(r"^- (\S+)$", head.partition("tags:\n")[2].partition("\nbase_model")[0], re.M)
    for card in cards:
        assert card.title == one(r"^# (SentenceTransformer.*)$", raw)
        assert card.base == one(r"^base_model: (.*)$", head)
        assert list(card.tags) == tags and len(tags) >= 6
        assert f"dataset_size:{card.rows}" in tags and f"loss:{card.loss}" in tags
        assert not re.search(r"^(license|language):", head, re.M)
        assert card.license is None and card.languages == ()


def test_the_description(cards: tuple[Card, Card], raw: str) -> None:
    drawn = after("### Full Model Architecture", raw)
    pooled = [name for name in re.findall(r"'pooling_mode_(\w+)': True", drawn)]
    for card in cards:
        assert card.revision == one(r"<!-- at revision ([0-9a-f]{40}) -->", raw)
        assert card.max_length == number(one(r"Maximum Sequence Length:\*\* (\d+) tokens", raw))
        assert card.max_length == number(one(r"'max_seq_length': (\d+)", drawn))
        assert card.dimension == number(one(r"Output Dimensionality:\*\* (\d+) dimensions", raw))
        assert card.dimension == number(one(r"to a (\d+)-dimensional", raw))
        assert card.similarity == one(r"Similarity Function:\*\* (.*)$", raw)
        assert list(card.modules) == re.findall(r"^  \(\d\): (\w+)\(", drawn, re.M)
        assert [card.pooling] == pooled


def test_the_table_and_its_statistics(cards: tuple[Card, Card], raw: str) -> None:
    text = after("#### Unnamed Dataset", raw)
    names = re.findall(r"<code>(.*?)</code>", one(r"^\* Columns: (.*)$", text))
    statistics, samples = text.split("* Samples:")
    heads, types, details = rows(statistics)
    assert heads[1:] == names
    for card in cards:
        table = card.table
        assert table is not None and card.more_tables == 0 and table.name is None
        assert table.rows == number(one(r"^\* Size: ([\d,]+) training samples$", text))
        assert table.looked_at == number(one(r"based on the first ([\d,]+) samples", text))
        assert [column.name for column in table.columns] == names
        assert [column.type for column in table.columns] == types[1:]
        for column, cell in zip(table.columns, details[1:], strict=True):
            told = re.findall(r"<li>(min|mean|max): ([\d.]+) ?(\w*)</li>", cell)
            numbers = (column.least, column.mean, column.most)
            assert told == list(
                zip(
                    ("min", "mean", "max"),
                    (value for _, value, _ in told),
                    [column.unit] * 3,
                    strict=True,
                )
            )
            assert numbers == tuple(float(value) for _, value, _ in told)
            assert column.shares == {}
        assert card.measured is None and "### Evaluation Dataset" not in raw
    now, kept = cards
    assert kept.table is not None and kept.table.samples == ()
    shown = rows(samples.partition("* Loss:")[0])[1:]
    assert now.table is not None and len(now.table.samples) == len(shown) == 3


def test_the_loss(cards: tuple[Card, Card], raw: str) -> None:
    told = raw.partition("* Loss: ")[2]
    parameters = yaml.safe_load(re.search(r"```json\n(.*?)```", told, re.S)[1])
    for card in cards:
        assert card.loss == one(r"^\* Loss: \[<code>(\w+)</code>\]", raw)
        assert card.loss_parameters == parameters and parameters


def test_all_hyperparameters_with_their_values(cards: tuple[Card, Card], raw: str) -> None:
    by_hand = settings(after("#### Non-Default Hyperparameters", raw))
    everything = settings(after("#### All Hyperparameters", raw))
    assert len(everything) > 110 and by_hand.items() <= everything.items()
    for card in cards:
        assert card.non_default == by_hand
        assert card.hyperparameters == everything
        for name, value in everything.items():
            assert type(card.hyperparameters[name]) is type(value), name


def test_every_line_of_the_log(cards: tuple[Card, Card], id: str, raw: str) -> None:
    has = "### Training Logs" in raw
    lines = rows(after("### Training Logs", raw))[1:] if has else []
    assert has == (id != "card-001")
    for card in cards:
        told = [(point.epoch, point.step, point.loss) for point in card.curve]
        assert told == [(float(epoch), int(step), float(loss)) for epoch, step, loss in lines]
        assert not any(point.scores for point in card.curve)


def test_no_scores_are_there_and_the_versions(cards: tuple[Card, Card], raw: str) -> None:
    told = re.findall(r"^- (\w[\w ]*): (\S+)$", after("### Framework Versions", raw), re.M)
    assert "\n## Evaluation\n" not in raw and "model-index" not in raw and len(told) == 7
    for card in cards:
        assert card.evaluations == () and card.versions == dict(told)


def test_the_examples(workspace: Workspace, id: str, raw: str) -> None:
    card = read(id)
    assert len(re.findall(r"^- source_sentence: ", raw, re.M)) == len(card.examples) == 5
    assert [len(one.sentences) for one in card.examples] == [3] * 5
    assert ready(workspace, id).examples == ()
    if id not in WHOLE:
        return
    widget = yaml.safe_load(raw.split("---\n")[1])["widget"]
    assert [(one.source, list(one.sentences)) for one in card.examples] == [
        (one["source_sentence"], one["sentences"]) for one in widget
    ]
    shown = rows(after("#### Unnamed Dataset", raw).split("* Samples:")[1].split("* Loss:")[0])[1:]
    cells = [[re.sub(r"</?code>", "", cell) for cell in row] for row in shown]
    assert card.table is not None and [list(row) for row in card.table.samples] == cells


def test_repaired_texts() -> None:
    """Characters of which a byte is lost stay marked, those beside them are whole."""
    profiles = read("card-003")
    sources = [one.source for one in profiles.examples]
    assert sources[1] == (
        "行业：软件�务，性质：�央国�，规模：大盘股。业务内容：计算机软件开��产�的销售��务"
    )
    assert sources[3] == "行业：专用机械，性质：民��业，规模：微盘股。业务内容：墓地销售代�,殡葬�务"
    # With the same text in both columns, a text is its own right answer.
    assert all(one.source in one.sentences for one in profiles.examples)
    assert read("card-001").examples[3].source == "寻找一款K7"
