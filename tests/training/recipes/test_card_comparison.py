"""The comparison of a card that was made here with a published one, on two small cards."""

from __future__ import annotations

from pathlib import Path

from benchmarks.card_comparison import Field, comparison, fields
from benchmarks.card_reproduction import Made, _kept, page
from core.files import write_json
from core.training.recipes.card import read_card
from tests.training.recipes import new_cards
from tests.training.recipes.cards import VERSION_6

CITED = """
## Usage

```python
from sentence_transformers import SentenceTransformer
vectors = model.encode(["a"])
```

## Citation

#### Sentence Transformers
```bibtex
@inproceedings{reimers-2019-sentence-bert,
    title = "x",
}
```
"""
THEIRS = VERSION_6.replace("---\n\n# Kinds", "license: mit\n---\n\n# Kinds", 1) + CITED
OURS = VERSION_6.replace("216 training", "215 training").replace(
    "first 100 samples", "first 50 samples"
).replace("`weight_decay`: 0.0", "`weight_decay`: 0.01").replace(
    "- `max_steps`: 14\n", "- `torch_new`: True\n"
) + CITED.replace("model.encode", "model.similarity").replace("reimers-2019", "somebody-2020")


def compared(original: str | None = THEIRS) -> dict[tuple[str, str], Field]:
    found = list(fields(read_card(THEIRS), original, OURS))
    return {(one.section, one.name): one for one in found}


def test_every_section_is_compared() -> None:
    found = compared()
    assert {section for section, _name in found} == {
        "Head", "Model Description", "Full Model Architecture", "Usage", "Evaluation",
        "Training Dataset", "Evaluation Dataset", "Loss", "Non-Default Hyperparameters",
        "All Hyperparameters", "Training Logs", "Widget", "Framework Versions", "Citation",
    }  # fmt: skip
    told = {key: (one.original, one.made, one.verdict) for key, one in found.items()}
    assert told["Head", "license"] == ("mit", None, "only on the card")
    assert told["Head", "language"] == (None, None, "on neither")
    assert told["Training Dataset", "rows"] == (216, 215, "differs")
    assert told["Training Dataset", "rows in the statistics"] == (100, 50, "differs")
    assert told["Training Dataset", "column 1, mean"] == (12.38, 12.38, "same")
    assert told["Training Dataset", "column 2, labels"][2] == "same"
    assert told["All Hyperparameters", "weight_decay"] == (0.0, 0.01, "differs")
    assert told["All Hyperparameters", "max_steps"] == (14, None, "only on the card")
    assert told["All Hyperparameters", "torch_new"] == (None, True, "only here")
    assert told["All Hyperparameters", "data_seed"] == ("None", "None", "same")
    assert told["All Hyperparameters", "learning_rate"][2] == "same"
    assert told["Usage", "model.encode"] == ("there", None, "only on the card")
    assert told["Citation", "entries"] == (
        ("reimers-2019-sentence-bert",), ("somebody-2020-sentence-bert",), "differs"
    )  # fmt: skip
    assert told["Widget", "examples"] == (0, 0, "same")
    assert told["Evaluation", "metrics"][2] == "on neither"


def test_examples_and_samples_are_counted_in_the_card_itself() -> None:
    theirs = new_cards.VERSION_5_PROMPTS
    found = {
        (one.section, one.name): one.original
        for one in fields(read_card(theirs).facts(), theirs, OURS)
    }
    assert found["Widget", "examples"] == 1 and found["Training Dataset", "samples shown"] == 1
    # Without the card itself nobody knows.
    assert ("Widget", "examples") not in compared(None)


def test_the_part_of_the_page_lists_what_differs_and_counts_the_rest() -> None:
    text = comparison(read_card(THEIRS), THEIRS, OURS)
    assert "| All Hyperparameters | weight_decay | 0.0 | 0.01 | differs |" in text
    assert "learning_rate | 5e-05" not in text
    verdicts = [one.verdict for one in compared().values()]
    for verdict in ("same", "differs", "only on the card", "only here", "on neither"):
        assert f" {verdicts.count(verdict)} {verdict}" in text
    assert "headings" in text and "headings" not in comparison(read_card(THEIRS), None, OURS)


def test_a_card_that_is_kept_is_compared_without_training(tmp_path: Path) -> None:
    write_json(
        tmp_path / "card-001.json",
        {"text": OURS, "told": "So.", "device": "A processor", "date": "2026-11-30"},
    )
    made = _kept(tmp_path, "card-001")
    assert made == Made(OURS, "So.", "A processor", "2026-11-30")
    assert _kept(tmp_path, "card-002") is None and _kept(None, "card-001") is None
    told = page([made], ["part"])
    assert "A processor (2026-11-30)" in told and "No run was made on a GPU." in told
    assert (
        "GPU." not in page([Made(OURS, "", "NVIDIA H200", "2026-11-30")], []).split("\n\n")[1][:90]
    )
