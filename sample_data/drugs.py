"""Builds the drug tables: scored pairs, questions with hard negatives, and an unseen corpus."""

from __future__ import annotations

import csv
import itertools
import random
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

CORPUS_DRUGS = 245
CORPUS_ATTRIBUTES = range(5, 14)
TRAINING_DRUGS = 1800
PAIRS = 3750
CARD_PAIRS = 36_421
POSITIVE_SHARE = 0.16
QUESTIONS_PER_ATTRIBUTE = 450
KNOWN_WORDINGS, NEW_WORDINGS = 4, 2
PASSAGE_LENGTH = 120
SEED = 2001

# What a question about the key could also mean for a drug that has one of the values.
AMBIGUOUS = {
    "适应症": {"功能主治"},
    "分类": {"用途分类"},
    "OTC类型": {"药品类型"},
    "药品类型": {"OTC类型"},
    "药品监管分级": {"药品类型"},
}
CHINESE_NAMES = {"商品名", "通用名"}
UNINFORMATIVE = {"尚不明确", "不详", "无", "未进行该项试验且无可靠参考文献"}

_GOOD_NAME = re.compile(r"[\u4e00-\u9fffA-Za-z0-9αβγ（）()—-]{3,25}")
_MISPRINTS = ("股囊", "嚢")

Facts = dict[str, dict[str, str]]
Table = list[dict[str, str]]


@dataclass(frozen=True)
class Wordings:
    """Everyday question forms by attribute; `{药}` stands for the drug.

    :param train: The forms that training questions use.
    :param new: Forms that no training question uses.
    """

    train: dict[str, list[str]]
    new: dict[str, list[str]]


def build_drug_tables(facts_path: Path, source: Path) -> dict[str, Table]:
    """Make every drug table.

    :param facts_path: CSV (may be gzipped) with the columns `drug,attribute,value`.
    :param source: The folder with the hand-written `drug_wordings.csv`.
    :return: File name to rows.
    """
    facts = read_facts(facts_path)
    wordings = read_wordings(source / "drug_wordings.csv")
    training, unseen = split_by_drug(facts)
    corpus = make_corpus(unseen)
    return {
        "drug_pairs.csv": make_pairs(training, PAIRS),
        "drug_questions.csv": make_questions(training, wordings),
        "drug_corpus.csv": corpus,
        "drug_sample_questions.csv": make_sample_questions(unseen, corpus, wordings),
    }


def build_card_pairs(facts_path: Path) -> Table:
    """Make as many scored pairs as the published model was trained on, without unseen drugs.

    :param facts_path: As for `build_drug_tables`.
    """
    facts = read_facts(facts_path)
    _, unseen = split_by_drug(facts)
    usable = {drug: values for drug, values in facts.items() if not _overlaps(drug, unseen)}
    return make_pairs(usable, CARD_PAIRS)


def read_facts(path: Path) -> Facts:
    """Read and clean the facts: drug to attribute to value, in the order of the source.

    Names that are too short or long, mostly not Chinese, or visibly misprinted are left out, and
    so are empty values and registration numbers given for names.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    facts: Facts = {}
    for row in table[["drug", "attribute", "value"]].itertuples(index=False):
        drug, attribute, value = map(_tidy, row)
        if _is_good_name(drug) and _is_good_value(attribute, value):
            facts.setdefault(drug, {})[attribute] = value
    return facts


def read_wordings(path: Path) -> Wordings:
    """Read the hand-written question forms."""
    wordings = Wordings({}, {})
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            forms = wordings.train if row["use"] == "train" else wordings.new
            forms.setdefault(row["attribute"], []).append(row["wording"])
    return wordings


def split_by_drug(facts: Facts) -> tuple[Facts, Facts]:
    """Choose the drugs to train on and the drugs never trained on.

    No unseen drug's name contains, or is contained in, another chosen drug's name: a question
    about one would be a question about the other.

    :return: Training drugs and unseen drugs, with their facts.
    """
    rng = random.Random(SEED)
    drugs = sorted(facts)
    rng.shuffle(drugs)
    fitting = [drug for drug in drugs if len(facts[drug]) in CORPUS_ATTRIBUTES]
    unseen: list[str] = []
    for drug in fitting:
        if len(unseen) < CORPUS_DRUGS and not _overlaps(drug, unseen):
            unseen.append(drug)
    training: dict[str, str] = {}
    for drug in fitting:
        if len(training) < TRAINING_DRUGS and not _overlaps(drug, unseen):
            training.setdefault(bare_name(drug), drug)
    return {drug: facts[drug] for drug in training.values()}, {drug: facts[drug] for drug in unseen}


def make_pairs(facts: Facts, rows: int) -> Table:
    """Make scored pairs: `药名的属性` against a passage, 1.0 where the passage answers it.

    The negatives of a query take turns: another attribute of the same drug, the same attribute of
    another drug, and something unrelated.
    """
    rng = random.Random(SEED + 1)
    wanted = [(drug, attribute) for drug, values in facts.items() for attribute in values]
    positives = round(rows * POSITIVE_SHARE)
    having = _drugs_by_attribute(facts)
    pairs: dict[tuple[str, str], str] = {}
    queries = rng.sample(wanted, positives)
    for drug, attribute in queries:
        pairs[_query(drug, attribute), make_passage(facts, drug, attribute)] = "1.0"
    for turn, (drug, attribute) in enumerate(itertools.cycle(queries)):
        if len(pairs) == rows:
            break
        kind = (turn // positives + turn) % 3
        if kind == 0 and len(facts[drug]) > 1:
            other = drug, rng.choice([name for name in facts[drug] if name != attribute])
        elif kind == 1:
            other = rng.choice(having[attribute]), attribute
        else:
            other = rng.choice(wanted)
        pairs.setdefault((_query(drug, attribute), make_passage(facts, *other)), "0.0")
    table = [{"query": q, "passage": p, "score": score} for (q, p), score in pairs.items()]
    rng.shuffle(table)
    return table


def make_questions(facts: Facts, wordings: Wordings) -> Table:
    """Make everyday questions with the passage that answers each and one hard negative.

    Every attribute gets up to `QUESTIONS_PER_ATTRIBUTE` rows; where too few drugs have it, a drug
    is asked about a second time in other words. Half of the negatives are another attribute of the
    same drug, half the same attribute of another drug.
    """
    rng = random.Random(SEED + 2)
    having = _drugs_by_attribute(facts)
    rows = []
    for attribute, forms in wordings.train.items():
        drugs = rng.sample(having[attribute], len(having[attribute]))
        for turn, drug in enumerate((drugs + drugs)[:QUESTIONS_PER_ATTRIBUTE]):
            # Forms rotate, and shift by one when a drug comes round again.
            form = forms[(turn % len(drugs) + turn // len(drugs)) % len(forms)]
            others = _clear_attributes(facts[drug], attribute)
            if turn % 2 and others:
                negative = make_passage(facts, drug, rng.choice(others))
            else:
                stranger = rng.choice([name for name in having[attribute] if name != drug])
                negative = make_passage(facts, stranger, attribute)
            rows.append(
                {
                    "question": _ask(form, drug),
                    "passage": make_passage(facts, drug, attribute),
                    "negative": negative,
                }
            )
    rng.shuffle(rows)
    return rows


def make_corpus(facts: Facts) -> Table:
    """List every passage of the given drugs."""
    passages = [(drug, attribute) for drug, values in facts.items() for attribute in values]
    return [
        {
            "id": f"d{number:04}",
            "text": make_passage(facts, drug, attribute),
            "drug": drug,
            "attribute": attribute,
        }
        for number, (drug, attribute) in enumerate(passages, start=1)
    ]


def make_sample_questions(facts: Facts, corpus: Table, wordings: Wordings) -> Table:
    """Ask about each attribute in known and in new wordings, each time about another drug."""
    rng = random.Random(SEED + 3)
    ids = {(row["drug"], row["attribute"]): row["id"] for row in corpus}
    unused = rng.sample(list(facts), len(facts))
    rows = []
    rarest_first = sorted(wordings.train, key=lambda name: sum(name in v for v in facts.values()))
    for attribute in rarest_first:
        forms = rng.sample(wordings.train[attribute], KNOWN_WORDINGS)
        forms += rng.sample(wordings.new[attribute], NEW_WORDINGS)
        for form in forms:
            drug = next(name for name in unused if _is_clear(facts[name], attribute))
            unused.remove(drug)
            rows.append({"question": _ask(form, drug), "relevant": ids[drug, attribute]})
    rng.shuffle(rows)
    return rows


def _is_clear(values: dict[str, str], attribute: str) -> bool:
    """Tell whether a question about the attribute has one answer, and one that says something."""
    return (
        values.get(attribute, "尚不明确") not in UNINFORMATIVE
        and not AMBIGUOUS.get(attribute, set()) & values.keys()
    )


def _clear_attributes(values: dict[str, str], attribute: str) -> list[str]:
    """List the drug's attributes that cannot be taken for an answer about this one."""
    return [
        name
        for name in values
        if name != attribute
        and name not in AMBIGUOUS.get(attribute, set())
        and attribute not in AMBIGUOUS.get(name, set())
    ]


def _drugs_by_attribute(facts: Facts) -> dict[str, list[str]]:
    having: dict[str, list[str]] = {}
    for drug, values in facts.items():
        for attribute in values:
            having.setdefault(attribute, []).append(drug)
    return having


def _query(drug: str, attribute: str) -> str:
    return f"{drug}的{attribute}"


def _ask(form: str, drug: str) -> str:
    return form.format(药=drug)


def make_passage(facts: Facts, drug: str, attribute: str) -> str:
    """Write `药名的属性：值`, cut after a whole item and ended with …… where it is long."""
    text = f"{_query(drug, attribute)}：{facts[drug][attribute]}"
    if len(text) <= PASSAGE_LENGTH:
        return text
    text = text[: PASSAGE_LENGTH - 2]
    pause = max(text.rfind(mark) for mark in "、，；。")
    return text[: pause if pause > PASSAGE_LENGTH // 2 else None] + "……"


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _is_good_name(name: str) -> bool:
    chinese = sum(map(_is_chinese, name))
    return (
        bool(_GOOD_NAME.fullmatch(name))
        and chinese * 2 > len(name)
        and not any(misprint in name for misprint in _MISPRINTS)
    )


def _is_good_value(attribute: str, value: str) -> bool:
    if attribute in CHINESE_NAMES:
        return any(map(_is_chinese, value))
    return bool(value)


def _is_chinese(letter: str) -> bool:
    return "\u4e00" <= letter <= "\u9fff"


def _overlaps(name: str, others: Iterable[str]) -> bool:
    """Tell whether a name, brackets aside, occurs in one of the others or the other way round."""
    bare, whole = bare_name(name), _plain(name)
    return any(bare in _plain(other) or bare_name(other) in whole for other in others)


@cache
def bare_name(name: str) -> str:
    """Reduce a name to what tells two drugs apart: as `_plain`, and without brackets."""
    return re.sub(r"\([^)]*\)", "", _plain(name))


@cache
def _plain(name: str) -> str:
    """Write a name without differences of width, hyphens, spaces or letter case."""
    return re.sub(r"[—\-\s]", "", unicodedata.normalize("NFKC", name)).lower()
