"""Problems are data: kind, what, what to do, and words that can be translated."""

from __future__ import annotations

from pathlib import Path

from core.files import read_json, write_json
from core.problems import Message, Problem, Term


class ShoeBroken(Problem):
    what = "The {part} of {count} shoes is broken."
    do = "Mend the {part}."


GERMAN = {
    "The {part} of {count} shoes is broken.": "{count} Schuhe: {part} kaputt.",
    "Mend the {part}.": "{part} flicken.",
    "sole": "Sohle",
}


def test_a_problem_says_what_is_wrong_and_what_to_do() -> None:
    problem = ShoeBroken(part="sole", count=2)
    assert problem.kind == "ShoeBroken"
    assert str(problem) == "The sole of 2 shoes is broken. Mend the sole."


def test_words_among_the_parameters_are_translated_and_names_are_not() -> None:
    def german(text: str) -> str:
        return GERMAN.get(text, text)

    assert ShoeBroken(part=Term("sole"), count=2).text(german) == (
        "2 Schuhe: Sohle kaputt. Sohle flicken."
    )
    assert ShoeBroken(part="sole", count=2).text(german) == "2 Schuhe: sole kaputt. sole flicken."


def test_a_message_survives_the_disk(tmp_path: Path) -> None:
    message = Message("The {part} of {count} shoes is broken.", {"part": Term("sole"), "count": 2})
    write_json(tmp_path / "m.json", message.to_json())
    back = Message.from_json(read_json(tmp_path / "m.json"))
    assert back == message and isinstance(back.params["part"], Term)
