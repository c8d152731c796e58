from core.data.shapes import Mapping, Shape, shape_of


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


def test_classes_texts_and_several_negatives() -> None:
    several = Mapping("q", "a", ("n1", "n2"))
    classes = Mapping(text="t", label="c", split="s")
    assert several.shape is Shape.SEVERAL_NEGATIVES
    assert several.columns == [
        ("anchor", "q"),
        ("positive", "a"),
        ("negative", "n1"),
        ("negative_2", "n2"),
    ]
    assert (classes.shape, Mapping(text="t").shape) == (Shape.CLASSES, Shape.TEXTS)
    assert classes.columns == [("text", "t"), ("label", "c"), ("split", "s")]
    for mapping in (several, classes, Mapping(text="t")):
        assert Mapping.from_json(mapping.to_json()) == mapping
    assert several.sentence(7).text() == ("7 rows with several negatives: q against a, not n1, n2")


def test_ten_negatives_keep_their_order_in_json() -> None:
    names = tuple(f"n{place}" for place in range(12))
    mapping = Mapping("q", "a", names)
    shuffled = dict(sorted(mapping.to_json().items(), reverse=True))
    assert Mapping.from_json(shuffled).negatives == names


def test_the_shape_of_a_frame_is_told_from_its_columns() -> None:
    assert shape_of(["anchor", "positive", "split", "row"]) is Shape.PAIRS
    assert shape_of(["anchor", "positive", "score", "row"]) is Shape.SCORED_PAIRS
    assert shape_of(["anchor", "positive", "negative", "row"]) is Shape.TRIPLETS
    assert shape_of(["anchor", "positive", "negative", "negative_2"]) is Shape.SEVERAL_NEGATIVES
    assert shape_of(["text", "label", "row"]) is Shape.CLASSES
    assert shape_of(["text", "row"]) is Shape.TEXTS


def test_every_shape_has_a_label() -> None:
    assert [shape.label for shape in Shape] == [
        "pairs",
        "scored pairs",
        "triplets",
        "rows with several negatives",
        "texts with a class",
        "single texts",
    ]
