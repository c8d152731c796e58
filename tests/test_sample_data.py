"""The sample tables keep what their README promises, and the script makes exactly them."""

from __future__ import annotations

import csv
import math
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_data"
FACTS = ROOT.parent / "shared" / "data" / "drug_facts.csv.gz"
PRODUCT_TABLES = ("product_triplets.csv", "product_catalogue.csv", "product_questions.csv")
DRUG_TABLES = (
    "drug_pairs.csv",
    "drug_questions.csv",
    "drug_corpus.csv",
    "drug_sample_questions.csv",
)
LONGEST_PASSAGE = 120

Row = dict[str, str]


def read(name: str, folder: Path = SAMPLES) -> list[Row]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_make(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(SAMPLES / "make.py"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def bigrams(text: str) -> set[str]:
    runs = re.findall(r"[\u4e00-\u9fff]+", text)
    return {run[start : start + 2] for run in runs for start in range(len(run) - 1)}


def latin(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def drug_of(text: str, drugs: set[str], attributes: set[str]) -> str:
    """Find the drug of a passage or query by splitting before each known attribute."""
    head = text.split("：", 1)[0]
    names = {head.removesuffix(f"的{name}") for name in attributes if head.endswith(f"的{name}")}
    assert len(names) == 1, text
    name = names.pop()
    assert name not in drugs, f"{name} is in the unseen corpus but also in a training table"
    return name


def readme() -> str:
    return (SAMPLES / "README.md").read_text(encoding="utf-8")


def bm25_ndcg(texts: list[str], questions: list[str], answers: list[set[int]]) -> float:
    """Score BM25 over character 1- and 2-grams: mean nDCG@10."""
    pieces = [Counter([*text, *(text[i : i + 2] for i in range(len(text) - 1))]) for text in texts]
    sizes = [piece.total() for piece in pieces]
    mean_size = sum(sizes) / len(sizes)
    postings: dict[str, list[int]] = {}
    for position, piece in enumerate(pieces):
        for gram in piece:
            postings.setdefault(gram, []).append(position)
    total = 0.0
    for question, relevant in zip(questions, answers, strict=True):
        scores: Counter[int] = Counter()
        for gram in [*question, *(question[i : i + 2] for i in range(len(question) - 1))]:
            found = postings.get(gram, [])
            weight = math.log(1 + (len(texts) - len(found) + 0.5) / (len(found) + 0.5))
            for position in found:
                count = pieces[position][gram]
                norm = 1.5 * (0.25 + 0.75 * sizes[position] / mean_size)
                scores[position] += weight * count * 2.5 / (count + norm)
        best = [position for position, _ in scores.most_common(10)]
        gain = sum(1 / math.log2(rank + 2) for rank, hit in enumerate(best) if hit in relevant)
        total += gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(relevant))))
    return total / len(questions)


@pytest.mark.parametrize("name", [*PRODUCT_TABLES, *DRUG_TABLES])
def test_a_table_is_plain_utf8_without_empty_cells_or_repeated_rows(name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    rows = read(name)
    assert all(cell and cell == cell.strip() for row in rows for cell in row.values())
    assert len({tuple(row.values()) for row in rows}) == len(rows)


def test_triplets_cover_the_catalogue_and_take_negatives_from_elsewhere() -> None:
    triplets, catalogue = read("product_triplets.csv"), read("product_catalogue.csv")
    category = {row["text"]: row["category"] for row in catalogue}
    assert list(triplets[0]) == ["anchor", "positive", "negative"]
    assert len(triplets) == 500
    assert len(catalogue) >= 120
    assert len(set(category.values())) >= 18
    assert f"in {len(set(category.values()))} categories" in readme()
    assert {row["positive"] for row in triplets} == category.keys()
    assert all(category[row["positive"]] != category[row["negative"]] for row in triplets)
    assert len({row["anchor"] for row in triplets}) == len(triplets)


def test_a_catalogue_text_is_name_then_description() -> None:
    catalogue = read("product_catalogue.csv")
    assert list(catalogue[0]) == ["id", "text", "name", "category"]
    for row in catalogue:
        assert re.fullmatch(re.escape(row["name"]) + r" \S+。", row["text"])
    for column in ("id", "text", "name"):
        assert len({row[column] for row in catalogue}) == len(catalogue)


def test_product_questions_share_no_word_with_the_name_they_look_for() -> None:
    names = {row["id"]: row["name"] for row in read("product_catalogue.csv")}
    anchors = {row["anchor"] for row in read("product_triplets.csv")}
    questions = read("product_questions.csv")
    assert list(questions[0]) == ["question", "relevant"]
    assert len(questions) == 60
    for row in questions:
        assert row["question"] not in anchors
        for product in row["relevant"].split("|"):
            assert not bigrams(row["question"]) & bigrams(names[product]), row
            assert not latin(row["question"]) & latin(names[product]), row


def test_about_one_scored_pair_in_six_is_positive() -> None:
    pairs = read("drug_pairs.csv")
    assert list(pairs[0]) == ["query", "passage", "score"]
    assert len(pairs) >= 3600
    assert {row["score"] for row in pairs} == {"0.0", "1.0"}
    positive = [row for row in pairs if row["score"] == "1.0"]
    assert 0.15 < len(positive) / len(pairs) < 0.17
    assert len({(row["query"], row["passage"]) for row in pairs}) == len(pairs)
    for row in pairs:
        answers = row["passage"].startswith(row["query"] + "：")
        assert answers == (row["score"] == "1.0"), row


def test_training_questions_have_one_of_two_kinds_of_hard_negative() -> None:
    attributes = {row["attribute"] for row in read("drug_corpus.csv")}
    rows = read("drug_questions.csv")
    assert list(rows[0]) == ["question", "passage", "negative"]
    assert len(rows) >= 6000
    asked: Counter[str] = Counter()
    askings: Counter[str] = Counter()
    drugs = set()
    same_drug = 0
    for row in rows:
        drug = drug_of(row["passage"], set(), attributes)
        attribute = row["passage"].split("：", 1)[0].removeprefix(f"{drug}的")
        other = drug_of(row["negative"], set(), attributes)
        assert drug in row["question"]
        assert row["passage"] != row["negative"]
        if other == drug:
            same_drug += 1
        else:
            assert row["negative"].startswith(f"{other}的{attribute}：")
        drugs.add(drug)
        asked[attribute] += 1
        askings[row["passage"]] += 1
    assert asked.keys() == attributes
    assert min(asked.values()) >= 100
    assert max(askings.values()) <= 2
    assert len(drugs) >= 1200
    assert f"questions about {len(drugs):,} drugs" in readme()
    assert 0.45 < same_drug / len(rows) < 0.55


def test_each_attribute_is_asked_about_in_several_wordings() -> None:
    wordings: dict[str, set[str]] = {}
    attributes = {row["attribute"] for row in read("drug_corpus.csv")}
    for row in read("drug_questions.csv"):
        drug = drug_of(row["passage"], set(), attributes)
        attribute = row["passage"].split("：", 1)[0].removeprefix(f"{drug}的")
        wordings.setdefault(attribute, set()).add(row["question"].replace(drug, "…"))
    assert min(map(len, wordings.values())) >= 5


def test_no_drug_of_the_corpus_is_in_a_training_table() -> None:
    corpus = read("drug_corpus.csv")
    unseen, attributes = {row["drug"] for row in corpus}, {row["attribute"] for row in corpus}
    assert 200 <= len(unseen) <= 300
    assert f"every passage of {len(unseen)} drugs" in readme()
    assert 1500 <= len(corpus) <= 2200
    trained = {
        drug_of(row[column], unseen, attributes)
        for name, columns in (
            ("drug_pairs.csv", ("query", "passage")),
            ("drug_questions.csv", ("passage", "negative")),
        )
        for row in read(name)
        for column in columns
    }
    assert not [(a, b) for a in unseen for b in trained if a in b or b in a]
    assert not [(a, b) for a in unseen for b in unseen if a != b and a in b]


@pytest.mark.parametrize("name", ["drug_pairs.csv", "drug_questions.csv", "drug_corpus.csv"])
def test_long_passages_are_cut_and_say_so(name: str) -> None:
    column = "text" if name == "drug_corpus.csv" else "passage"
    texts = [row[column] for row in read(name)]
    assert max(map(len, texts)) <= LONGEST_PASSAGE
    assert any(text.endswith("……") for text in texts)
    assert all("的" in text and "：" in text for text in texts)


def test_sample_questions_point_to_the_passage_of_the_drug_they_name() -> None:
    corpus = {row["id"]: row for row in read("drug_corpus.csv")}
    questions = read("drug_sample_questions.csv")
    assert list(questions[0]) == ["question", "relevant"]
    assert len(questions) == 120
    assert len(corpus) == len({row["text"] for row in corpus.values()})
    answers = [corpus[row["relevant"]] for row in questions]
    for row, answer in zip(questions, answers, strict=True):
        assert answer["drug"] in row["question"]
        assert answer["text"].startswith(f"{answer['drug']}的{answer['attribute']}：")
    assert {row["attribute"] for row in answers} == {row["attribute"] for row in corpus.values()}


def test_some_sample_questions_use_wordings_that_training_never_used() -> None:
    corpus = {row["id"]: row for row in read("drug_corpus.csv")}
    with (SAMPLES / "source" / "drug_wordings.csv").open(encoding="utf-8", newline="") as file:
        new = {row["wording"] for row in csv.DictReader(file) if row["use"] == "new"}
    forms = [
        row["question"].replace(corpus[row["relevant"]]["drug"], "{药}")
        for row in read("drug_sample_questions.csv")
    ]
    assert sum(form in new for form in forms) == 40


def test_words_alone_find_some_answers_but_leave_room() -> None:
    corpus, questions = read("drug_corpus.csv"), read("drug_sample_questions.csv")
    place = {row["id"]: position for position, row in enumerate(corpus)}
    score = bm25_ndcg(
        [row["text"] for row in corpus],
        [row["question"] for row in questions],
        [{place[row["relevant"]]} for row in questions],
    )
    assert 0.3 < score < 0.8
    assert f"nDCG@10 = {score:.2f}" in readme()


@pytest.mark.parametrize("name", [*PRODUCT_TABLES, *DRUG_TABLES])
def test_the_readme_gives_columns_and_rows_of_every_table(name: str) -> None:
    rows = read(name)
    columns = ", ".join(f"`{column}`" for column in rows[0])
    assert f"| `{name}` | {len(rows):,} | {columns} |" in readme()


def test_the_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    done = run_make("--out", tmp_path)
    assert done.returncode == 0, done.stderr
    made = PRODUCT_TABLES + (DRUG_TABLES if FACTS.is_file() else ())
    assert {path.name for path in tmp_path.iterdir()} == set(made)
    for name in made:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name


def test_without_the_source_the_products_are_made_and_the_need_is_named(tmp_path: Path) -> None:
    done = run_make("--out", tmp_path, "--source", tmp_path / "absent.csv.gz")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == set(PRODUCT_TABLES)
    assert "drug_facts.csv.gz" in done.stdout
    assert "--source PATH" in done.stdout


def test_a_check_names_the_file_that_differs(tmp_path: Path) -> None:
    assert run_make("--check").returncode == 0
    for name in PRODUCT_TABLES + DRUG_TABLES:
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    with (tmp_path / "product_catalogue.csv").open("ab") as file:
        file.write(b"p999,x,x,x\n")
    done = run_make("--check", "--out", tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("differs") == 1
    assert "product_catalogue.csv differs" in done.stdout


def test_full_size_pairs_are_made_from_any_table_of_facts(tmp_path: Path) -> None:
    facts, out = tmp_path / "facts.csv", tmp_path / "card.csv"
    attributes = ("成份", "适应症", "规格", "贮藏", "性状", "禁忌", "英文名")
    with facts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["drug", "attribute", "value"])
        writer.writerows(
            [f"试验{chr(0x4E00 + number)}片", attribute, f"{attribute}甲"]
            for number in range(2400)
            for attribute in attributes
        )
    assert run_make("--card000", out, "--source", tmp_path / "absent.csv").returncode == 1
    assert not out.exists()
    assert run_make("--card000", out, "--source", facts).returncode == 0
    rows = read("card.csv", tmp_path)
    assert len(rows) == 36_421
    assert 0.15 < sum(row["score"] == "1.0" for row in rows) / len(rows) < 0.17
