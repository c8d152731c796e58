"""How bases read the texts, against counting with the library itself."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tokenizers import Tokenizer

from core.data.findings import Severity
from core.data.report import ReportBase, readability
from core.models.static import train_tokenizer
from core.workspace import PROJECT_ROOT
from tests.data.report.made import changed, found, kinds, minilm, pairs, report, table

TITLES = pairs()["positive"].tolist()
DRUGS = PROJECT_ROOT / "sample_data" / "drug_pairs.csv"


@pytest.fixture(scope="module")
def drugs() -> pd.DataFrame:
    cells = pd.read_csv(DRUGS, dtype=str, nrows=1_000)
    return table(len(cells), {"anchor": cells.iloc[:, 0], "positive": cells.iloc[:, 1]})


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, drugs: pd.DataFrame) -> ReportBase:
    """A base with a vocabulary from the drugs' texts."""
    file = tmp_path_factory.mktemp("own") / "tokenizer.json"
    train_tokenizer([*drugs["anchor"], *drugs["positive"]], 2_000, 3).save(str(file))
    return ReportBase("Our drugs", file, None)


@lru_cache
def tokenizer_up_to(limit: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(minilm().tokenizer_json))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    return tokenizer


def cut(texts: list[str], limit: int = 100_000) -> list[list[str]]:
    """The tokens of each text, with special ones, as MiniLM reads it."""
    tokenizer = tokenizer_up_to(limit)
    return [tokenizer.encode(text).tokens for text in texts]


def test_minilm_cannot_read_drug_labels(drugs: pd.DataFrame, own: ReportBase) -> None:
    made = report(drugs, bases=[minilm(), own])
    texts = list(dict.fromkeys([*drugs["anchor"], *drugs["positive"]]))
    tokens = [part[1:-1] for part in cut(texts)]
    unknown = sum(part.count("[UNK]") for part in tokens)
    first, second = made.coverage
    assert first.unknown_share == pytest.approx(unknown / sum(map(len, tokens)), abs=1e-6)
    assert 0.5 < first.unknown_share < 0.7
    assert first.texts == len(texts) and not first.sampled
    assert first.unreadable_texts == sum("[UNK]" in part for part in tokens)
    alike = Counter(map(tuple, tokens))
    assert first.indistinguishable == sum(alike[tuple(part)] > 1 for part in tokens)
    assert first.indistinguishable > 100
    assert (second.name, second.unknown_share, second.indistinguishable) == ("Our drugs", 0, 0)

    finding = found(drugs, "unreadable", bases=[minilm(), own])
    assert finding.severity is Severity.PROBLEM
    assert finding.count == first.indistinguishable
    for example in finding.examples:
        one, other = example.texts
        assert one != other and cut([one]) == cut([other])
        row = drugs[drugs["row"] == example.row].iloc[0]
        assert one in (row["anchor"], row["positive"])
    effects = [effect.text() for effect in finding.effects]
    assert "MultipleNegativesRankingLoss" in effects[0]
    assert effects[1] == (
        f"To it, {first.indistinguishable:,} of these texts look exactly like another one."
    )
    assert effects[2] == "Better: Our drugs, which cannot read 0.0%."
    assert effects[3].startswith("A static model made from your own data reads every character")


def test_the_characters_that_it_cannot_read_are_named(drugs: pd.DataFrame) -> None:
    (read,) = report(drugs, bases=[minilm()]).coverage
    assert len(read.characters) == 60 < read.different_characters
    for character in read.characters:
        assert cut([character]) == [["[CLS]", "[UNK]", "[SEP]"]], character
    known = [c for c in set("".join(drugs["positive"])) if cut([c])[0][1:-1] not in ([], ["[UNK]"])]
    assert not set(read.characters) & set(known)


def test_another_base_is_the_chosen_one(drugs: pd.DataFrame, own: ReportBase) -> None:
    made = report(drugs, bases=[own, minilm()])
    assert made.base == "Our drugs"
    assert not {"unreadable", "look_alike"} & {finding.kind for finding in made.findings}
    assert [one.name for one in made.coverage] == ["Our drugs", minilm().name]


def test_lengths_are_those_of_a_model_card(drugs: pd.DataFrame) -> None:
    frame = drugs.copy()
    frame.loc[0, "positive"] = "一" * 300
    made = report(frame, bases=[minilm()])
    for role in ("anchor", "positive"):
        lengths = np.array([len(part) for part in cut(frame[role].tolist(), 256)])
        stats = made.tokens[role]
        assert (stats.minimum, stats.maximum) == (lengths.min(), lengths.max())
        assert stats.mean == round(lengths.mean(), 2)
        assert stats.p95 == pytest.approx(np.percentile(lengths, 95), abs=0.1)
        assert sum(stats.histogram.counts) == len(frame)
        assert len(stats.histogram.counts) <= 30
        low, high = stats.histogram.edges[0], stats.histogram.edges[1]
        assert stats.histogram.counts[0] == ((lengths >= low) & (lengths < high)).sum()
    longer = sum(len(part) > 256 for part in cut(frame["positive"].tolist()))
    assert made.tokens["positive"].cut_off == longer >= 1


def test_texts_that_are_cut_off() -> None:
    frame = pairs(positive=changed(TITLES, at_4="shoe " * 254, at_5="shoe " * 255))
    finding = found(frame, "cut_off", bases=[minilm()])
    assert finding.rows == (7,)
    assert finding.message.text() == (
        f"Rows with a text that is longer than {minilm().name} reads (256 tokens), in title: "
        "1 of 30 (3.3%)."
    )
    assert "cut_off" not in kinds(pairs(), bases=[minilm()])
    no_limit = ReportBase("endless", minilm().tokenizer_json, None)
    assert "cut_off" not in kinds(frame, bases=[no_limit])


def test_texts_that_look_alike_although_every_character_is_read() -> None:
    frame = pairs(positive=changed(TITLES, at_4="rock 'n' roll", at_5="rock'n'roll"))
    finding = found(frame, "look_alike", bases=[minilm()])
    assert (finding.severity, finding.count) == (Severity.INFO, 2)
    assert finding.examples[0].texts == ("rock 'n' roll", "rock'n'roll")
    spaces = pairs(positive=changed(TITLES, at_4="Rock  and roll", at_5="rock and roll"))
    assert not {"look_alike", "unreadable"} & kinds(spaces, bases=[minilm()])


def test_without_a_base_nothing_is_said_about_tokens() -> None:
    made = report(pairs())
    assert (made.base, made.tokens, made.coverage) == (None, {}, ())


def test_very_many_characters_are_sampled_unless_all_is_asked_for(
    drugs: pd.DataFrame, own: ReportBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    characters = int(drugs["anchor"].drop_duplicates().str.len().sum())
    monkeypatch.setattr(readability, "FULL_CHARACTERS", characters)
    monkeypatch.setattr(readability, "OTHER_BASES_TEXTS", 50)
    made = report(drugs, bases=[minilm(), own])
    first, second = made.coverage
    looked = sum(made.tokens["anchor"].histogram.counts)
    assert 0 < looked < len(drugs)
    assert first.sampled and first.texts < 2 * looked + 1
    assert second.sampled and second.texts == 50
    assert [message.text() for message in made.sampled] == [
        f"Tokens were counted in {looked} of 1,000 rows.",
        f"The other bases were tried on 50 of {first.texts:,} different texts.",
    ]
    full = report(drugs, bases=[minilm(), own], full=True)
    assert not any(one.sampled for one in full.coverage) and not full.sampled


def test_a_damaged_tokenizer_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    file.write_text("{}")
    with pytest.raises(Exception, match="it is no tokenizer"):
        report(pairs(), bases=[ReportBase("broken", file, None)])
