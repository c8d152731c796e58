"""Texts to vectors, texts a second and peak memory, beside `SentenceTransformer.encode`.

`python -m benchmarks.encoding_speed` takes some minutes and writes benchmarks/encoding_speed.md.
Every measurement is a fresh process; the library's and Pairloom's take turns.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import mean, median

import numpy as np
import pandas as pd

from benchmarks.measuring import bullets, in_fresh_process, load_when_quiet, parser, words_for
from benchmarks.memory import forget_peak, peak_bytes
from core.devices import list_devices
from core.models.bundled import bundled_path
from core.workspace import PROJECT_ROOT

PAGE = PROJECT_ROOT / "benchmarks" / "encoding_speed.md"
PACKAGES = ("torch", "sentence-transformers", "transformers", "tokenizers")
FACTS, GLOSSES = "drug_facts.csv.gz", "wordnet_glosses.csv.gz"
LIBRARY, OURS = "library", "Pairloom"
REPEATS = 5
WARM_UP = 64
"""Texts that are encoded before the clock starts: the first batch of a process sets things up."""
STATIC_PIECES, STATIC_DIMENSION = 3_000, 1_024
_SEED = 0

HEADER = (
    "| texts | model | texts a second, library | Pairloom | ratio | peak memory, library "
    "| Pairloom | difference | largest difference of any number |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
TITLE = """\
# Texts to vectors

Written by `python -m benchmarks.encoding_speed` on {date}.

{table}
"""
NOTES = (
    "Machine: {cpu}, {cores} cores in use, no GPU; {packages}. Load before the first measurement: "
    "{load:.2f} ({quiet}).",
    "*Library* is `SentenceTransformer.encode(texts, normalize_embeddings=True)`, all else as it "
    "comes; *Pairloom* is `core.models.encoding.encode`, with as many threads. Each measurement is "
    "a fresh process that loads the model, encodes {warm_up} of the texts, and is then measured "
    "while it encodes all of them. The two take turns, {repeats} times; figures are medians, "
    "*ratio* is the median of the ratios of neighbouring measurements.",
    "*Peak memory* is the most that the whole process held while it encoded, interpreter and "
    "libraries included (VmHWM, set back before).",
    "Texts: {texts}",
    "The static model is made by Pairloom from the passages: {pieces:,} pieces, {dimension:,} "
    "numbers.",
)


@dataclass(frozen=True)
class Case:
    """Texts, and the folder of the model that reads them."""

    name: str
    model_name: str
    model: Path
    texts: list[str]


@dataclass(frozen=True)
class Measured:
    """What one process did.

    Attributes:
        seconds: that the encoding took.
        peak: bytes that the process held at most meanwhile.
        vectors: what came out, float32 [texts, dimension].
    """

    seconds: float
    peak: int
    vectors: np.ndarray


def main() -> int:
    """Measure every case; returns the exit code."""
    line = parser("encoding_speed", __doc__)
    line.add_argument(
        "--data",
        type=Path,
        default=PROJECT_ROOT.parent / "shared" / "data",
        metavar="FOLDER",
        help=f"where {FACTS} and {GLOSSES} are (default: ../shared/data); without them the "
        "sample's texts are taken, and no glosses",
    )
    line.add_argument("--repeats", type=int, default=REPEATS, help="for a quick try: no page")
    options = line.parse_args()
    with tempfile.TemporaryDirectory(prefix="pairloom-benchmark-") as folder:
        cases, source = _cases(Path(folder), options.data)
        load = load_when_quiet(options.patience)
        rows = [_row(case, options.repeats) for case in cases]
    text = _page(rows, cases, source, load)
    print(text)
    if options.repeats == REPEATS:
        PAGE.write_text(text, encoding="utf-8")
    return 0


def _cases(folder: Path, data: Path) -> tuple[list[Case], str]:
    """What is encoded with what, and where the texts come from."""
    if (data / FACTS).exists():
        facts = pd.read_csv(data / FACTS, dtype=str, keep_default_na=False)
        passages = facts["drug"] + "的" + facts["attribute"] + "：" + facts["value"]
        names = pd.Series(facts["drug"].unique())
        source = f"passages about drugs and names of drugs from {FACTS}"
    else:
        sample = PROJECT_ROOT / "sample_data"
        passages = pd.read_csv(sample / "drug_corpus.csv", dtype=str)["text"]
        names = pd.read_csv(sample / "drug_questions.csv", dtype=str)["question"]
        source = "passages and questions of the drug sample"
    bundled = bundled_path()
    long = _drawn(passages, 1_000, passages.str.len())
    many = _drawn(passages, 10_000, passages.str.len())
    cases = [
        Case("drug passages", "MiniLM", bundled, long),
        Case("short names", "MiniLM", bundled, _drawn(names, 2_000)),
    ]
    if (data / GLOSSES).exists():
        glosses = pd.read_csv(data / GLOSSES, dtype=str, keep_default_na=False)["gloss"]
        short = glosses[glosses.str.len() <= 80]
        cases.append(Case("short English glosses", "MiniLM", bundled, _drawn(short, 2_000)))
        source += f", English glosses of at most 80 characters from {GLOSSES}"
    static = in_fresh_process(_build_static, folder / "static", many)
    cases.append(Case("drug passages", "static", static, many))
    return cases, source


def _drawn(texts: pd.Series, count: int, weights: pd.Series | None = None) -> list[str]:
    """Different texts; by ``weights`` longer ones more often, as in the table of card 000."""
    texts = texts.drop_duplicates()
    chosen = weights.loc[texts.index] if weights is not None else None
    drawn: list[str] = texts.sample(
        min(count, len(texts)), weights=chosen, random_state=_SEED
    ).tolist()
    return drawn


def _build_static(folder: Path, texts: list[str]) -> Path:
    from core.models.static import build_static, train_tokenizer

    tokenizer = train_tokenizer(texts, STATIC_PIECES, 2)
    build_static(tokenizer, texts, STATIC_DIMENSION, _SEED).save_pretrained(str(folder))
    return folder


def _row(case: Case, repeats: int) -> str:
    """Both ways in turn, and the table's row."""
    found: dict[str, list[Measured]] = {LIBRARY: [], OURS: []}
    for number in range(repeats):
        # Who comes first takes turns too.
        for way in (LIBRARY, OURS) if number % 2 == 0 else (OURS, LIBRARY):
            measured = in_fresh_process(_measure, way, case.model, case.texts)
            found[way].append(measured)
            facts = {"seconds": measured.seconds, "MB": measured.peak / 1e6}
            print(case.name, case.model_name, way, json.dumps(facts), file=sys.stderr, flush=True)
    pairs = list(zip(found[LIBRARY], found[OURS], strict=True))
    rates = [len(case.texts) / median(one.seconds for one in found[way]) for way in found]
    peaks = [median(one.peak for one in found[way]) / 1e6 for way in found]
    differences = [float(np.abs(one.vectors - other.vectors).max()) for one, other in pairs]
    cells = [
        case.name,
        case.model_name,
        *(f"{rate:,.0f}" for rate in rates),
        f"{median(one.seconds / other.seconds for one, other in pairs):.2f}",
        *(f"{peak:,.0f} MB" for peak in peaks),
        f"{peaks[1] - peaks[0]:+.0f} MB",
        f"{max(differences):.0e}",
    ]
    return f"| {' | '.join(cells)} |"


def _measure(way: str, folder: Path, texts: list[str]) -> Measured:
    """Encode the texts in one way; runs in a process of its own."""
    from sentence_transformers import SentenceTransformer

    from core.models.encoding import encode

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def run(texts: list[str]) -> np.ndarray:
        if way == OURS:
            return encode(model, texts)
        return np.asarray(model.encode(texts, normalize_embeddings=True))

    run(texts[:WARM_UP])
    forget_peak()
    began = time.perf_counter()
    vectors = run(texts)
    return Measured(time.perf_counter() - began, peak_bytes(), vectors)


def _page(rows: list[str], cases: list[Case], source: str, load: float) -> str:
    cpu = list_devices()[0]
    counts = "; ".join(
        f"{len(case.texts):,} {case.name} ({case.model_name}), "
        f"{mean(map(len, case.texts)):.0f} characters on average and "
        f"{max(map(len, case.texts))} at most"
        for case in cases
    )
    facts = {
        "cpu": cpu.name,
        "cores": cpu.cores,
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load": load,
        "quiet": words_for(load),
        "warm_up": WARM_UP,
        "repeats": REPEATS,
        "texts": f"{counts}. They are {source}; passages are drawn by their length, so that long "
        "ones are as frequent as in the table of card 000.",
        "pieces": STATIC_PIECES,
        "dimension": STATIC_DIMENSION,
    }
    title = TITLE.format(date=f"{datetime.now(UTC):%Y-%m-%d}", table="\n".join([HEADER, *rows]))
    notes = bullets(NOTES, facts)
    return "\n".join([title, *notes]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
