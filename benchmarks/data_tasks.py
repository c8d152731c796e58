"""What benchmarks.data_scale measures: each function here runs in a fresh process of its own.

Pairloom and pandas are imported inside these functions, so that each process loads only what it
measures.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.memory import peak_bytes

if TYPE_CHECKING:
    import pandas as pd

GLOSSES = "wordnet_glosses.csv.gz"
PARQUET_GROUP = 1 << 20
"""Rows in a row group: what pandas and Arrow write when nobody asks for anything else."""
PREVIEW_ROWS, SAMPLE_ROWS = 50, 100_000
MOST_BYTES = 16_000_000_000
"""What plain pandas may take up for the large file."""
ODD = 1_000
"""One row of so many has a blank answer, and one is a copy of another."""
LAST = "last"
"""The stage of what has only one beside its start."""

_FORMS = ("what is {}", "what does {} mean", "define {}", "{} meaning", "who or what is {}")
_GUESS_ROWS = 1_000
_SEED = 1
_MADE_UP = 207_000


@dataclass(frozen=True)
class Measured:
    """What one process did.

    Attributes:
        seconds: by name of the stage, in their order; ``start`` is the first.
        peak: bytes that it held at most; ``children`` those of its largest child.
        facts: what else the page says.
    """

    seconds: dict[str, float]
    peak: int
    children: int
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> float:
        """Seconds from beginning to end."""
        return sum(self.seconds.values())

    @property
    def storing(self) -> float:
        """Seconds for reading and storing alone."""
        return sum(self.seconds.get(stage, 0.0) for stage in ("upload", "read", "store"))


class Clock:
    """Seconds by stage since somebody asked for the process."""

    def __init__(self, asked: float) -> None:
        self.seconds: dict[str, float] = {}
        self._since = asked

    def lap(self, stage: str) -> None:
        """End ``stage`` and begin the next one."""
        now = time.time()
        self.seconds[stage] = now - self._since
        self._since = now

    def measured(self, **facts: str) -> Measured:
        """The stages so far, with this process's memory."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return Measured(self.seconds, peak_bytes(), usage.ru_maxrss * 1024, facts)


def make_tables(asked: float, folder: Path, data: Path, rows: int, parquet_rows: int) -> str:
    """Write pairs.csv, scored.csv and large.parquet into ``folder``; says where texts are from."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    glosses, source = _glosses(data / GLOSSES)
    draw = np.random.default_rng(_SEED)
    pairs = _questions(glosses, 0, rows).sample(frac=1, random_state=_SEED, ignore_index=True)
    pairs.loc[pairs.index % ODD == 0, "answer"] = ""
    copies = pairs.index[1::ODD]
    pairs.loc[copies] = pairs.loc[copies + 1].to_numpy()
    pairs.to_csv(folder / "pairs.csv", index=False)
    pairs.assign(label=draw.integers(0, 3, rows)).to_csv(folder / "scored.csv", index=False)
    with pq.ParquetWriter(
        folder / "large.parquet", pa.schema([("question", "string"), ("answer", "string")])
    ) as writer:
        for start in range(0, parquet_rows, PARQUET_GROUP):
            piece = _questions(glosses, start, min(start + PARQUET_GROUP, parquet_rows))
            # No two answers alike, or compression would make ten million rows a small file.
            piece["answer"] += " (" + (piece.index + start).astype("str") + ")"
            table = pa.Table.from_pandas(piece, writer.schema, preserve_index=False)
            writer.write_table(table, row_group_size=PARQUET_GROUP)
    return source


def measure_pairloom(asked: float, folder: Path, table: str) -> Measured:
    """From an uploaded CSV to a dataset with its report."""
    from core.data.columns import guess_mapping
    from core.data.draft import Draft
    from core.data.intake import check_draft, store_draft
    from core.data.staging import read_staged, stage_upload
    from core.workspace import Workspace

    workspace = Workspace.open(folder / f"workspace-{table}")
    clock = Clock(asked)
    clock.lap("start")
    staged = stage_upload(workspace, folder / f"{table}.csv", f"{table}.csv")
    clock.lap("upload")
    read = read_staged(workspace, staged)
    clock.lap("read")
    mapping = guess_mapping(read.head(_GUESS_ROWS))
    assert mapping is not None, "the columns' names say what they are"
    draft = Draft(staged, mapping=mapping, rescale=mapping.score is not None)
    clock.lap("map")
    report = check_draft(workspace, draft)
    clock.lap("check")
    store_draft(workspace, draft, table)
    clock.lap("store")
    slow = sorted(report.report.timings.items(), key=lambda item: -item[1])[:6]
    return clock.measured(
        sentence=report.sentence.text(),
        sampled=" ".join(message.text() for message in report.report.sampled) or "nothing.",
        timings=", ".join(f"{name.replace('_', ' ')} {seconds:.1f} s" for name, seconds in slow),
    )


def measure_pandas(asked: float, folder: Path, table: str) -> Measured:
    """The same table by plain pandas, without any look at the texts."""
    import pandas as pd

    clock = Clock(asked)
    clock.lap("start")
    frame = pd.read_csv(folder / f"{table}.csv")
    clock.lap("read")
    frame = frame.dropna().drop_duplicates()
    clock.lap("check")
    frame.to_parquet(folder / f"{table}.parquet")
    clock.lap("store")
    return clock.measured()


def measure_preview(asked: float, folder: Path) -> Measured:
    """The first rows of the large file."""
    from core.data.staging import peek_staged, stage_path
    from core.workspace import Workspace

    workspace = Workspace.open(folder / "workspace-large")
    clock = Clock(asked)
    clock.lap("start")
    first = peek_staged(workspace, stage_path(workspace, folder / "large.parquet"))
    clock.lap(LAST)
    assert len(first) == PREVIEW_ROWS
    return clock.measured()


def measure_sample(asked: float, folder: Path) -> Measured:
    """An even sample of the large file, kept on disk."""
    from core.data.reading.rows import ReadOptions
    from core.data.staging import read_staged, stage_path
    from core.workspace import Workspace

    workspace = Workspace.open(folder / "workspace-large")
    clock = Clock(asked)
    clock.lap("start")
    staged = stage_path(workspace, folder / "large.parquet")
    read_staged(workspace, staged, ReadOptions(sample_rows=SAMPLE_ROWS))
    clock.lap(LAST)
    return clock.measured()


def measure_pandas_large(asked: float, folder: Path, sample: bool) -> Measured:
    """The same two by plain pandas, which reads the whole file for either."""
    import pandas as pd

    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    clock = Clock(asked)
    clock.lap("start")
    frame = pd.read_parquet(folder / "large.parquet")
    if sample:
        frame.sample(min(SAMPLE_ROWS, len(frame)), random_state=_SEED)
    else:
        frame.head(PREVIEW_ROWS)
    clock.lap(LAST)
    return clock.measured()


def _glosses(path: Path) -> tuple[pd.DataFrame, str]:
    """A lemma and its gloss a row, and in words where they come from."""
    import numpy as np
    import pandas as pd

    if path.is_file():
        frame = pd.read_csv(path, keep_default_na=False)[["lemma", "gloss"]]
        return frame, f"questions for the {len(frame):,} glosses of WordNet 3.0"
    draw = np.random.default_rng(_SEED)
    words = np.array(
        ["".join(draw.choice(list("aeioulmnrstdk"), draw.integers(2, 10))) for _ in range(5_000)]
    )
    texts = [" ".join(draw.choice(words, draw.integers(4, 20))) for _ in range(_MADE_UP)]
    lemmas = [f"{text.split()[0]} {number}" for number, text in enumerate(texts)]
    frame = pd.DataFrame({"lemma": lemmas, "gloss": texts}, dtype="str")
    return frame, f"made-up words ({GLOSSES} was not there), {_MADE_UP:,} texts"


def _questions(glosses: pd.DataFrame, start: int, end: int) -> pd.DataFrame:
    """Rows ``start`` to before ``end`` of an endless list of questions and answers."""
    import numpy as np
    import pandas as pd

    places = np.arange(start, end)
    forms = [_FORMS[number % len(_FORMS)] for number in (places // len(glosses)).tolist()]
    lemmas = glosses["lemma"].take(places % len(glosses))
    questions = [form.format(lemma) for form, lemma in zip(forms, lemmas, strict=True)]
    answers = glosses["gloss"].take(places % len(glosses)).reset_index(drop=True)
    return pd.DataFrame({"question": pd.Series(questions, dtype="str"), "answer": answers})
