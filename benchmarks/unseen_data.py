"""Tables and questions of the quality bar: drugs never trained on, products, English words."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.data.samples import SAMPLE_FOLDER
from core.retrieval.tokens import lexical_tokens
from core.workspace import PROJECT_ROOT
from sample_data import drugs

SHARED = PROJECT_ROOT.parent / "shared" / "data"
FACTS, GLOSSES = SHARED / "drug_facts.csv.gz", SHARED / "wordnet_glosses.csv.gz"
TRAINING_PAIRS, TEST_DRUGS, QUESTIONS = 20_000, 800, 500
_TEST_GLOSSES, _GLOSS_CORPUS = 500, 5_000
_NEW_WORDINGS = 2


@dataclass(frozen=True)
class Questions:
    """Questions over passages.

    Attributes:
        texts: what is asked.
        relevant: for each question the places of the right passages.
        equal: for each question how many passages answer it as well as the right one does, itself
            counted: those of drugs of an equal name, and of properties asked for in the same words.
    """

    texts: list[str]
    relevant: list[list[int]]
    equal: list[int]

    @property
    def ceiling(self) -> float:
        """The nDCG@10 of a search that cannot tell equally good passages apart, on average."""
        gains = [
            sum(1 / math.log2(rank + 1) for rank in range(1, min(count, 10) + 1)) / count
            for count in self.equal
        ]
        return sum(gains) / len(gains)


@dataclass(frozen=True)
class Bar:
    """A table to train on and the questions that are asked afterwards.

    ``tuning`` are questions about what was trained on, for the weight of a fusion.
    """

    train: pd.DataFrame
    passages: list[str]
    sets: dict[str, Questions]
    tuning: tuple[list[str], Questions]
    notes: tuple[str, ...] = ()


def drug_bar(seed: int, facts_path: Path = FACTS) -> Bar:
    """Everyday questions about drugs: 20,000 to train on, 500 about 800 other drugs.

    Set (a) is worded as in training, (b) in the wordings that training never uses; both ask for the
    same passages.  The table has a question and a passage in each row and no negatives.

    Args:
        seed: decides which drugs, questions and wordings.  With 0 the wordings that training never
            uses are those of the drug sample, else two of each property, drawn from all.
        facts_path: the drug facts.
    """
    facts = drugs.read_facts(facts_path)
    draw = random.Random(seed)
    known_words, new_words = _wordings(seed)
    names = [name for name in sorted(facts) if len(facts[name]) in drugs.CORPUS_ATTRIBUTES]
    draw.shuffle(names)
    unseen, seen = names[:TEST_DRUGS], names[TEST_DRUGS:]
    cells = [(name, key) for name in seen for key in facts[name] if key in known_words]
    draw.shuffle(cells)
    rows = [
        (_ask(draw, known_words[key], name), _passage(facts, name, key))
        for name, key in cells[:TRAINING_PAIRS]
    ]
    asked = [(name, key) for name in unseen for key in facts[name] if key in known_words]
    draw.shuffle(asked)
    asked = asked[:QUESTIONS]
    corpus = [(name, key) for name in unseen for key in facts[name]]
    passages = [_passage(facts, *cell) for cell in corpus]
    sets = {
        label: _questions(draw, asked, corpus, facts, forms)
        for label, forms in (("(a)", known_words), ("(b)", new_words))
    }
    known = seen[:TEST_DRUGS]
    known_corpus = [(name, key) for name in known for key in facts[name]]
    tuned = [cell for cell in known_corpus if cell[1] in known_words]
    draw.shuffle(tuned)
    tuning = (
        [_passage(facts, *cell) for cell in known_corpus],
        _questions(draw, tuned[:QUESTIONS], known_corpus, facts, known_words),
    )
    twins = len(unseen) - len({drugs.bare_name(name) for name in unseen})
    doubtful = sum(count > 1 for count in sets["(a)"].equal)
    near = sum(bool(drugs.AMBIGUOUS.get(key, set()) & facts[name].keys()) for name, key in asked)
    notes = (
        f"{TEST_DRUGS} test drugs with {len(passages):,} passages; {twins} of them share their "
        f"name, brackets and width aside, with another one. {doubtful} of the {QUESTIONS} "
        f"questions have more than one equally good passage (an equal name, or a property that is "
        f"asked for in the same words): no search can score above {sets['(a)'].ceiling:.3f} on "
        f"average. {near} questions ask for a property beside which the same drug has one that a "
        f"person might take for an answer (适应症 and 功能主治); it counts as wrong.",
    )
    table = pd.DataFrame(rows, columns=["question", "passage"])
    return Bar(table, passages, sets, tuning, notes)


def product_bar() -> Bar:
    """The product sample: needs told in words that the product's name lacks, over all products."""
    catalogue = _read("product_catalogue.csv")
    asked = _read("product_questions.csv")
    place = {id: at for at, id in enumerate(catalogue["id"])}
    names = [set(lexical_tokens(name)) for name in catalogue["name"]]
    texts: list[str] = []
    relevant: list[list[int]] = []
    for question, ids in zip(asked["question"], asked["relevant"], strict=True):
        right = [place[id] for id in ids.split("|")]
        words = {word for word in lexical_tokens(question) if len(word) > 1}
        if not any(words & names[at] for at in right):
            texts.append(question)
            relevant.append(right)
    passages = catalogue["text"].tolist()
    train = _read("product_triplets.csv")
    questions = Questions(texts, relevant, [1] * len(texts))
    known = [[passages.index(text)] for text in train["positive"]]
    tuning = Questions(train["anchor"].tolist(), known, [1] * len(train))
    note = f"{len(texts)} of the {len(asked)} sample questions share no word with the name."
    return Bar(train, passages, {"products": questions}, (passages, tuning), (note,))


def english_bar(seed: int, glosses_path: Path = GLOSSES) -> Bar:
    """English words and what they mean: 20,000 question–gloss pairs, 500 questions held out."""
    table = pd.read_csv(glosses_path, dtype=str, keep_default_na=False)
    table = table[~table["gloss"].duplicated(keep=False) & (table["gloss"].str.len() > 15)]
    table = table.drop_duplicates("lemma").sample(frac=1, random_state=seed)
    forms = ("what is {}?", "what does {} mean?", "meaning of {}", "define {}")
    draw = random.Random(seed)
    asked = [draw.choice(forms).format(lemma) for lemma in table["lemma"]]
    pairs = pd.DataFrame({"question": asked, "passage": table["gloss"].tolist()})
    test, rest = pairs[:_GLOSS_CORPUS], pairs[_GLOSS_CORPUS:]
    train = rest[:TRAINING_PAIRS].reset_index(drop=True)
    questions = _one_each(test["question"][:_TEST_GLOSSES])
    tuning = train[:_GLOSS_CORPUS]
    return Bar(
        train,
        test["passage"].tolist(),
        {"English": questions},
        (tuning["passage"].tolist(), _one_each(tuning["question"][:_TEST_GLOSSES])),
        (f"{_TEST_GLOSSES} questions over {_GLOSS_CORPUS:,} glosses, none of them trained on.",),
    )


def card_tables(bar: Bar, seed: int, facts_path: Path = FACTS) -> dict[str, pd.DataFrame]:
    """The drug table in the shapes that the cards learn from: pairs, triplets, scored pairs."""
    draw = random.Random(seed)
    answers = bar.train["passage"].tolist()
    triplets = bar.train.assign(negative=[draw.choice(answers) for _ in answers])
    triplets = triplets[triplets["negative"] != triplets["passage"]]
    facts = drugs.read_facts(facts_path)
    tested = {text.split("的", 1)[0] for text in bar.passages}
    usable = {
        name: values for name, values in facts.items() if name.split("的", 1)[0] not in tested
    }
    scored = pd.DataFrame(drugs.make_pairs(usable, drugs.CARD_PAIRS))
    return {"pairs": bar.train, "triplets": triplets, "scored": scored}


def _wordings(seed: int) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Wordings to train on, and new ones, by property."""
    own = drugs.read_wordings(SAMPLE_FOLDER / "source" / "drug_wordings.csv")
    if seed == 0:
        return own.train, own.new
    draw = random.Random(seed)
    every = {
        key: draw.sample(pool := own.train[key] + own.new[key], len(pool)) for key in own.train
    }
    return (
        {key: pool[_NEW_WORDINGS:] for key, pool in every.items()},
        {key: pool[:_NEW_WORDINGS] for key, pool in every.items()},
    )


def _questions(
    draw: random.Random,
    asked: Sequence[tuple[str, str]],
    corpus: Sequence[tuple[str, str]],
    facts: drugs.Facts,
    forms: dict[str, list[str]],
) -> Questions:
    place = {cell: at for at, cell in enumerate(corpus)}
    named: dict[str, list[str]] = {}
    for name in {name for name, _ in corpus}:
        named.setdefault(drugs.bare_name(name), []).append(name)
    meant: dict[str, set[str]] = {}
    for key, wordings in forms.items():
        for wording in wordings:
            meant.setdefault(wording, set()).add(key)
    chosen = [(name, draw.choice(forms[key])) for name, key in asked]
    equal = [
        sum(len(meant[form] & facts[twin].keys()) for twin in named[drugs.bare_name(name)])
        for name, form in chosen
    ]
    return Questions(
        [form.format(药=name) for name, form in chosen], [[place[cell]] for cell in asked], equal
    )


def _one_each(texts: pd.Series) -> Questions:
    return Questions(texts.tolist(), [[at] for at in range(len(texts))], [1] * len(texts))


def _ask(draw: random.Random, forms: Sequence[str], name: str) -> str:
    return draw.choice(forms).format(药=name)


def _passage(facts: drugs.Facts, name: str, key: str) -> str:
    return drugs.make_passage(facts, name, key)


def _read(file: str) -> pd.DataFrame:
    return pd.read_csv(SAMPLE_FOLDER / file, dtype=str, keep_default_na=False)
