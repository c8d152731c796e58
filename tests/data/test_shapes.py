from core.data.shapes import Mapping, Shape


def test_mapping_knows_its_shape_and_the_training_order() -> None:
    pairs = Mapping("q", "a")
    scored = Mapping("q", "a", score="s")
    triplets = Mapping("q", "a", negatives=("n",))
    assert [m.shape for m in (pairs, scored, triplets)] == [
        Shape.PAIRS,
        Shape.SCORED_PAIRS,
        Shape.TRIPLETS,
    ]
    assert scored.columns == [("anchor", "q"), ("positive", "a"), ("score", "s")]
    assert triplets.columns == [("anchor", "q"), ("positive", "a"), ("negative", "n")]


def test_mapping_survives_json() -> None:
    for mapping in (Mapping("q", "a"), Mapping("q", "a", score="s"), Mapping("q", "a", ("n",))):
        assert Mapping.from_json(mapping.to_json()) == mapping
    assert Mapping("q", "a").to_json() == {"anchor": "q", "positive": "a"}


def test_sentence_names_the_shape_and_the_columns() -> None:
    sentence = Mapping("query", "title", score="label").sentence(3000)
    assert sentence.text() == "3,000 scored pairs: query against title, scored by label"
    assert Mapping("问", "答", ("错",)).sentence(5).text() == "5 triplets: 问 against 答, not 错"


def test_every_shape_has_a_label() -> None:
    assert [shape.label for shape in Shape] == ["pairs", "scored pairs", "triplets"]
