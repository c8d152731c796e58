"""Odd text files, at least three for every trap, with what they hold or why they are refused.

``python -m tests.data.reading.odd_text FOLDER`` writes them to a folder, to be opened by hand.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.data.reading.rows import ReadOptions

Rows = Sequence[Sequence[str]]

PAIRS = [
    ["问题", "答案"],
    ["丙戊酸钠缓释片的成份是什么？", "本品主要成份为丙戊酸钠"],
    ["怎么服用这个药", "口服，一日两次"],
    ["能和酒一起吃吗", "不能，请遵医嘱"],
]
TRADITIONAL = [
    ["問題", "答案"],
    ["請問這個產品有什麼優點", "輕便、省電，而且價格實惠"],
    ["臺灣可以宅配到府嗎", "可以，三個工作天內送達"],
    ["尺寸不合能不能退換貨", "七天鑑賞期內都可以辦理"],
]
KOREAN = [
    ["질문", "답변"],
    ["이 제품은 어떻게 사용하나요", "하루에 두 번 물과 함께 드세요"],
    ["배송은 얼마나 걸리나요", "주문 후 사흘 안에 도착합니다"],
    ["환불을 받을 수 있습니까", "예, 칠 일 안에 신청하세요"],
]
JAPANESE = [
    ["質問", "回答"],
    ["この製品はどうやって使いますか", "一日に二回、水と一緒に飲んでください"],
    ["送料はいくらですか", "全国どこでも無料です"],
    ["返品できますか", "はい、七日以内であれば可能です"],
]
FRENCH = [
    ["question", "réponse"],
    ["Où est la gare ?", "À côté de l'hôtel, derrière le marché"],
    ["Qu'est-ce que c'est ?", "C’est une crème brûlée à 5 €"],
    ["Ça coûte combien ?", "Très peu, même en été"],
]
RUSSIAN = [
    ["вопрос", "ответ"],
    ["Как принимать это лекарство", "Внутрь, два раза в день после еды"],
    ["Сколько стоит доставка", "Доставка по всей стране бесплатна"],
    ["Можно ли вернуть товар", "Да, в течение семи дней"],
]
ENGLISH = [
    ["question", "answer"],
    ["how long is it", "two metres"],
    ["is it waterproof", "yes, it is"],
    ["what colour is it", "blue"],
]


@dataclass(frozen=True)
class Odd:
    """A file with a trap in it.

    Attributes:
        trap: what is odd about it.
        case: which of the trap's cases it is.
        data: its bytes.
        names: the columns' names that should be found.
        rows: the rows that should be kept, in order.
        aside: for every row that should be set aside, its number and how the reason reads.
        numbers: the numbers of the kept rows, where they matter.
        facts: what :class:`~core.data.reading.rows.Facts` should say.
        options: how a person would have it read.
    """

    trap: str
    case: str
    data: bytes
    names: Sequence[str]
    rows: Rows
    aside: Mapping[int, str] = field(default_factory=dict)
    numbers: Sequence[int] | None = None
    facts: Mapping[str, object] = field(default_factory=dict)
    options: ReadOptions = field(default_factory=ReadOptions)

    @property
    def name(self) -> str:
        """A file name."""
        return f"{self.trap} - {self.case}.csv".replace(" ", "_")


@dataclass(frozen=True)
class Refused:
    """A file that is refused: the kind of the refusal, and words that its sentence holds."""

    case: str
    data: bytes
    kind: str
    words: str

    @property
    def name(self) -> str:
        """A file name."""
        return f"refused - {self.case}.csv".replace(" ", "_")


def written(rows: Rows, separator: str = ",", end: str = "\r\n") -> str:
    """Rows whose cells need no quotation marks, as text."""
    return "".join(separator.join(row) + end for row in rows)


def loads(
    trap: str,
    case: str,
    data: bytes | str,
    rows: Rows,
    **expected: object,
) -> Odd:
    """A case whose first row names the columns; text becomes UTF-8."""
    raw = data.encode() if isinstance(data, str) else data
    return Odd(trap, case, raw, rows[0], rows[1:], **expected)  # type: ignore[arg-type]


TOO_FEW = "The row has {} cells where the header has {}: too few."
TOO_MANY = "The row has {} cells where the header has {}: too many."
BLANK = "The row is blank."
NOT_TEXT = "The row holds bytes that are not text."
UNCLOSED = "A quotation mark that opens a cell in this row is never closed."
SWALLOWING = "A quotation mark that opens a cell in this row would make the rows below part of it."
AGAIN = "The row repeats the header row."


def encodings() -> Iterator[Odd]:
    """Every encoding with comma, tab and semicolon, told by nothing but its bytes."""
    cases: list[tuple[str, Rows, Callable[[str], bytes]]] = [
        ("UTF-8", PAIRS, str.encode),
        ("UTF-8 (BOM)", PAIRS, lambda text: text.encode("utf-8-sig")),
        ("UTF-16", PAIRS, lambda text: text.encode("utf-16")),
        ("UTF-16", PAIRS, lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be")),
        ("UTF-16", PAIRS, lambda text: text.encode("utf-16-le")),
        ("UTF-16", ENGLISH, lambda text: text.encode("utf-16-le")),
        ("UTF-16 BE", PAIRS, lambda text: text.encode("utf-16-be")),
        ("UTF-16 BE", ENGLISH, lambda text: text.encode("utf-16-be")),
        ("UTF-32", PAIRS, lambda text: text.encode("utf-32")),
        ("UTF-32", PAIRS, lambda text: b"\x00\x00\xfe\xff" + text.encode("utf-32-be")),
        ("GB18030", PAIRS, lambda text: text.encode("gb18030")),
        ("GB18030", PAIRS, lambda text: text.encode("gb2312")),
        ("GB18030", TRADITIONAL, lambda text: text.encode("gbk")),
        ("Big5", TRADITIONAL, lambda text: text.encode("cp950")),
        ("Big5", TRADITIONAL, lambda text: text.encode("big5hkscs")),
        ("EUC-KR", KOREAN, lambda text: text.encode("euc_kr")),
        ("EUC-KR", KOREAN, lambda text: text.encode("cp949")),
        ("Shift-JIS", JAPANESE, lambda text: text.encode("shift_jis")),
        ("EUC-JP", JAPANESE, lambda text: text.encode("euc_jp")),
        ("Windows-1252", FRENCH, lambda text: text.encode("cp1252")),
        ("Windows-1251", RUSSIAN, lambda text: text.encode("cp1251")),
    ]
    for number, (encoding, rows, encode) in enumerate(cases):
        for separator in ("\t", ";", "|"):
            yield Odd(
                f"encoding {encoding}",
                f"{number} {separator!r}",
                encode(written(rows, separator)),
                rows[0],
                rows[1:],
                facts={"encoding": encoding, "separator": separator, "header": True},
            )


def undecodable_bytes() -> Iterator[Odd]:
    """Rows with bytes that do not fit the encoding of the others."""
    trap = "undecodable bytes"
    for codec, half in (("utf-8", b"\xe4\xbd"), ("gb18030", b"\x81"), ("big5", b"\xa4")):
        text = written(PAIRS if codec != "big5" else TRADITIONAL).encode(codec)
        torn = half + b",x\r\n"
        rows = PAIRS if codec != "big5" else TRADITIONAL
        yield loads(trap, f"{codec} last", text + torn, rows, aside={5: NOT_TEXT})
        first, rest = text.split(b"\r\n", 1)
        yield loads(
            trap, f"{codec} first", first + b"\r\n" + torn + rest, rows, aside={2: NOT_TEXT}
        )
    chinese, korean = written(PAIRS * 3).encode(), written(KOREAN[1:2]).encode("euc_kr")
    repeated = [PAIRS[0], *PAIRS[1:], *PAIRS[1:], *PAIRS[1:]]
    yield Odd(
        trap,
        "a line of another encoding",
        chinese + korean,
        repeated[0],
        repeated[1:],
        aside={5: AGAIN, 9: AGAIN, 13: NOT_TEXT},
    )
    yield loads(
        trap,
        "half a UTF-16 character at the end",
        written(ENGLISH, ";").encode("utf-16") + "x".encode("utf-16-le") + b"\x00",
        ENGLISH,
        aside={5: NOT_TEXT},
    )


def separators() -> Iterator[Odd]:
    """Every separator, with texts that hold the others."""
    texts = [["query", "answer", "note"], ["a, b; c", "d|e", "x~y"], ["f", "g, h", "i^j"]]
    texts.append(["k; l", "m", "n"])
    for separator in ("\t", "\x01"):
        for case, rows in (("many", texts), ("two columns", ENGLISH), ("Chinese", PAIRS)):
            yield loads(
                f"separator {separator!r}",
                case,
                written(rows, separator),
                rows,
                facts={"separator": separator},
            )
    for separator in (",", ";", "|", "^", "~"):
        for number in range(3):
            rows = [
                [f"{cell}{number}".translate({ord(separator): "/"}) for cell in row]
                for row in texts
            ]
            yield loads(
                f"separator {separator!r}",
                str(number),
                "".join(
                    separator.join(f'"{cell}"' if number == 1 else cell for cell in row) + "\n"
                    for row in rows
                ),
                rows,
                facts={"separator": separator},
            )
    for separator in ("，", "；"):
        for number, end in enumerate(["\n", "\r\n", "\r"]):
            rows = [["问题", "答案"], ["你好", "您好"], ["再见", "回见"], [f"早{number}", "早上好"]]
            yield loads(
                f"separator {separator!r}",
                str(number),
                written(rows, separator, end),
                rows,
                facts={"separator": separator},
            )
    for separator in (";", "|", "\t"):
        yield loads(
            "sep= line",
            repr(separator),
            f"sep={separator}\r\n" + written(ENGLISH, separator),
            ENGLISH,
            numbers=[2, 3, 4],
            facts={"separator": separator},
        )
    yield loads(
        "sep= line",
        "after a byte order mark, with quotation marks",
        '\ufeff"sep=,"\nq,a\nx;y,z\n',
        [["q", "a"], ["x;y", "z"]],
        facts={"separator": ","},
    )


def headers() -> Iterator[Odd]:
    """Tables with and without a header row, and odd names in it."""
    trap = "no header"
    letters = ["A", "B", "C"]
    sentences = [
        ["丙戊酸钠缓释片的成份是什么呢", "本品主要成份为丙戊酸钠", "1"],
        ["头孢克肟胶囊应该怎么服用", "口服，一次一粒，一日两次", "0"],
        ["阿司匹林肠溶片的禁忌有哪些", "对本品过敏者禁用", "1"],
    ]
    bare = {"facts": {"header": False}}
    yield Odd(
        trap, "sentences and numbers", written(sentences).encode(), letters, sentences, **bare
    )
    yield Odd(
        trap,
        "GB18030 with tabs",
        written(sentences, "\t").encode("gb18030"),
        letters,
        sentences,
        numbers=[1, 2, 3],
        **bare,
    )
    labels = [["good film", "positive"], ["bad film", "negative"], ["a film", "positive"]]
    yield Odd(trap, "a label comes again", written(labels).encode(), letters[:2], labels, **bare)
    numbers = [["12", "some text"], ["7", "another text"], ["9", "more text"]]
    yield Odd(trap, "a number", written(numbers, "\t").encode(), letters[:2], numbers, **bare)
    yield Odd(
        trap,
        "chosen",
        b"a b\tc d\ne f\tg h\n",
        letters[:2],
        [["a b", "c d"], ["e f", "g h"]],
        options=ReadOptions(header=False),
        **bare,
    )

    trap = "a header"
    there = {"facts": {"header": True}}
    yield loads(
        trap,
        "long names",
        "id,这个产品的用户在购买之前会问的问题是什么？,答案\n1,能不能防水,能\n2,多重,半公斤\n",
        [
            ["id", "这个产品的用户在购买之前会问的问题是什么？", "答案"],
            ["1", "能不能防水", "能"],
            ["2", "多重", "半公斤"],
        ],
        **there,
    )
    yield loads(
        trap,
        "unknown names over numbers",
        "foo\tbar\nsome text\t0.5\nother text\t1\n",
        [["foo", "bar"], ["some text", "0.5"], ["other text", "1"]],
        **there,
    )
    yield loads(
        trap,
        "the numbers of columns",
        ",0,1\n0,some text,another\n1,more text,other\n",
        [["A", "0", "1"], ["0", "some text", "another"], ["1", "more text", "other"]],
        **there,
    )
    yield loads(
        trap,
        "chosen",
        b"1,2\n3,4\n",
        [["1", "2"], ["3", "4"]],
        options=ReadOptions(header=True),
        **there,
    )
    yield loads(
        "a header that comes again",
        "once",
        "q,a\nx,y\nq,a\nz,w\n",
        [["q", "a"], ["x", "y"], ["z", "w"]],
        aside={3: AGAIN},
    )
    films = [["title", "text"], ["Alien", "a ship"], ["Heat", "a robbery"]]
    for end, case in (("\n", "files put together"), ("\r\n", "with Windows lines")):
        yield loads(
            "a header that comes again",
            case,
            written(films * 3, end=end),
            [*films, *films[1:], *films[1:]],
            aside={4: AGAIN, 7: AGAIN},
        )

    trap = "names told apart"
    row = ["x", "y", "z"]
    for header, names in [
        ("title,title,label", ["title", "title (2)", "label"]),
        ("text,text,text (2)", ["text", "text (2)", "text (2) (2)"]),
        ("标题,标题,标题", ["标题", "标题 (2)", "标题 (3)"]),
    ]:
        yield loads(trap, header, f"{header}\nx,y,z\n", [names, row])
    trap = "blank names"
    for header, names in [
        (",q,a", ["A", "q", "a"]),
        ("q, ,a", ["q", "B", "a"]),
        ('q,a,"two\nlines"', ["q", "a", "two lines"]),
        ("q,a,", ["q", "a", "C"]),
    ]:
        yield loads(trap, header.strip(), f"{header}\nx,y,z\n", [names, row])


def ragged_rows() -> Iterator[Odd]:
    """Rows with too many or too few cells, blank rows and cells, NUL bytes."""
    good = [["q", "a"], ["one", "two"], ["three", "four"], ["five", "six"]]
    trap = "ragged rows"
    yield loads(
        trap, "too many", "q,a\none,two\nx,y,z\nthree,four\nfive,six\n", good,
        aside={3: TOO_MANY.format(3, 2)}, numbers=[2, 4, 5],
    )  # fmt: skip
    yield loads(
        trap, "too few", "q,a\none,two\nthree,four\nalone\nfive,six\n", good,
        aside={4: TOO_FEW.format(1, 2)},
    )  # fmt: skip
    yield loads(
        trap, "both with tabs", "q\ta\none\ttwo\nthree\tfour\nx\n\tx\ty\nfive\tsix\n", good,
        aside={4: TOO_FEW.format(1, 2), 5: TOO_MANY.format(3, 2)},
    )  # fmt: skip
    trap = "blank rows"
    yield loads(trap, "within", "q,a\none,two\n\nthree,four\n,\nfive,six\n", good,
                aside={3: BLANK, 5: BLANK}, numbers=[2, 4, 6])  # fmt: skip
    yield loads(trap, "above and below", "\n,\nq,a\none,two\nthree,four\nfive,six\n\n , \n\n", good,
                numbers=[4, 5, 6], facts={"rows_read": 3})  # fmt: skip
    yield loads(trap, "of spaces", 'q,a\none,two\n  \nthree,four\n" ",\u3000\nfive,six\n', good,
                aside={3: BLANK, 5: BLANK})  # fmt: skip
    trap = "blank cells"
    yield loads(trap, "anchor", "q,a\n,two\nx,y\n", [["q", "a"], ["", "two"], ["x", "y"]])
    yield loads(trap, "quoted", 'q,a\n"","two"\nx," "\n', [["q", "a"], ["", "two"], ["x", " "]])
    last = [["q", "a", "b"], ["x", "y", ""], ["z", "w", "v"]]
    yield loads(trap, "last", written(last, "\t"), last)
    trap = "trailing separators"
    yield loads(trap, "everywhere", "q,a,\none,two,\nthree,four,\nfive,six,\n", good)
    yield loads(trap, "in some rows", "q,a\none,two,\nthree,four\nfive,six,,\n", good)
    yield loads(trap, "in the header", "q;a;;\none;two\nthree;four\nfive;six;\n", good)
    trap = "NUL bytes"
    yield loads(trap, "in a cell", b"q,a\none,two\nbro\x00ken,x\nthree,four\nfive,six\n", good,
                aside={3: NOT_TEXT})  # fmt: skip
    yield loads(trap, "in quotes", b'q,a\none,two\nthree,four\n"\x00",x\nfive,six\n', good,
                aside={4: NOT_TEXT})  # fmt: skip
    yield loads(trap, "GB18030", "问题,答案\n你好,您好\n".encode("gb18030") + b"\x00,x\n",
                [["问题", "答案"], ["你好", "您好"]], aside={3: NOT_TEXT})  # fmt: skip
    words = [["q", "a", "n"], ["NA", "None", "null"], ["nan", "#N/A", "007"], ["N/A", "NaN", "-"]]
    for separator in (",", "\t", ";"):
        yield loads("words for nothing", repr(separator), written(words, separator), words)


def quotation_marks() -> Iterator[Odd]:
    """Quotation marks that wrap cells, and those that do not."""
    trap = "stray quotes"
    rows = [["q", "a"], *([f"question {n}", f"answer {n}"] for n in range(2, 30))]

    def without(*numbers: int) -> list[list[str]]:
        return [row for number, row in enumerate(rows, 1) if number not in numbers]

    def spoilt(cells: Mapping[int, str], wrapped: Sequence[int] = range(2, 30)) -> str:
        lines = []
        for number, (question, answer) in enumerate(rows, 1):
            answer = cells.get(number, f'"{answer}"' if number in wrapped else answer)
            lines.append(f"{question},{answer}\n")
        return "".join(lines)

    def closing(number: int, kept: Rows) -> Rows:
        return [[q, 'close"' if q == f"question {number}" else a] for q, a in kept]

    yield loads(trap, "never closed", spoilt({10: '"open'}), without(10), aside={10: UNCLOSED})
    yield loads(trap, "in the last row", spoilt({29: '"open'}), without(29), aside={29: UNCLOSED})
    yield loads(trap, "twice", spoilt({5: '"open', 20: '" x'}), without(5, 20),
                aside={5: UNCLOSED, 20: UNCLOSED})  # fmt: skip
    plain = [[q, '"open' if q == "question 10" else a] for q, a in rows]
    yield loads(trap, "where no cell is wrapped", spoilt({10: '"open'}, wrapped=()), plain)
    inch = [["size", "name"], ['5" pipe', 'a 6" one'], ['7"', "x"]]
    yield loads(trap, "inches", written(inch), inch)
    spoken = [["q", "a"], ['"Hello" he said', "b"], ['"Open', "c"], ['"Bye" she said', "d"]]
    yield loads(trap, "with tabs", written(spoken, "\t"), spoken)

    trap = "a quote that swallows rows"
    far = spoilt({5: '"open', 20: 'close"'}, wrapped=())
    yield loads(trap, "closed later", far, closing(20, without(5)), aside={5: SWALLOWING})
    yield loads(trap, "with semicolons", far.replace(",", ";"), closing(20, without(5)),
                aside={5: SWALLOWING})  # fmt: skip
    yield loads(trap, "known from another row",
                spoilt({5: '"open', 12: '"open', 13: 'close"'}, wrapped=range(20, 30)),
                closing(13, without(5, 12)), aside={5: UNCLOSED, 12: SWALLOWING})  # fmt: skip

    trap = "cells of several lines"
    yield loads(trap, "separators and quotes", 'a,b\n"x, y","he said ""hi""\nand left"\nz,w\n',
                [["a", "b"], ["x, y", 'he said "hi"\nand left'], ["z", "w"]],
                numbers=[2, 3])  # fmt: skip
    yield loads(trap, "line ends kept", b'a,b\r\n"1\r\n2\n3\r4",x\r\ny,z\r\n',
                [["a", "b"], ["1\r\n2\n3\r4", "x"], ["y", "z"]])  # fmt: skip
    label = "【用法】口服，一次1片\n【禁忌】过敏者禁用\n\n【贮藏】密封, 避光"
    yield loads(trap, "a drug label", f'药名,说明\n甲,"{label}"\n乙,"{label}"\n',
                [["药名", "说明"], ["甲", label], ["乙", label]])  # fmt: skip
    yield loads(trap, "one line looks like a row", 'q,a\nx,"Use: two\nKeep cool, dry"\ny,z\n',
                [["q", "a"], ["x", "Use: two\nKeep cool, dry"], ["y", "z"]])  # fmt: skip

    trap = "other ways to write quotes"
    yield loads(trap, "backslash", 'q,a\n"he said \\"hi\\", ok",b\n"c:\\temp, d","e ""f"""\n',
                [["q", "a"], ['he said "hi", ok', "b"], ["c:\\temp, d", 'e "f"']])  # fmt: skip
    yield loads(trap, "a space before", 'q, "a"\nx, "y, z"\nw, "v"\n',
                [["q", "a"], ["x", "y, z"], ["w", "v"]])  # fmt: skip
    yield loads(trap, "a space behind", 'q,a\n"one\ntwo" ,x\ny,z\n',
                [["q", "a"], ["one\ntwo ", "x"], ["y", "z"]])  # fmt: skip


def line_ends() -> Iterator[Odd]:
    """Line ends of three kinds, mixed, and the mark of DOS at the end."""
    rows = [["q", "a"], *([f"q{n}", f"a{n}"] for n in range(30))]
    for end, case in (("\n", "Unix"), ("\r\n", "Windows"), ("\r", "old Mac")):
        yield loads("line ends", case, written(rows, end=end), rows)
    ends = ["\n", "\r\n", "\r"]
    for turn in range(3):
        mixed = "".join(",".join(row) + ends[(turn + n) % 3] for n, row in enumerate(rows))
        yield loads("mixed line ends", str(turn), mixed, rows)
    for number, cell in enumerate(["one\rtwo", "\rone", "one\r"]):
        lone = [*rows, [cell, "x"], ["y", "z"]]
        yield loads("a lone return in a cell", str(number), written(lone, end="\n"), lone)
    yield loads("a lone return in a cell", "Windows", written(lone), lone)
    for case, table in (("pairs", rows), ("Chinese", PAIRS), ("English", ENGLISH)):
        yield loads("doubled returns", case, written(table, "\t", "\r\r\n"), table)
    for end in ("", "\r\n", "\n"):
        yield loads(
            "DOS end of file", repr(end), written(rows[:-1]) + "q29,a29" + end + "\x1a", rows
        )
    for separator in (",", "\t", ";"):
        rows = [["q", "a"], ["x", "y"]]
        yield loads("no line end at the end", repr(separator),
                    written(rows, separator).rstrip(), rows)  # fmt: skip


def long_cells() -> Iterator[Odd]:
    """Cells far longer than the standard library would take, and one beyond all measure."""
    for length in (131_073, 300_000, 999_000):
        rows = [["q", "a"], ["x", "长" * length], ["y", "z"]]
        yield loads("long cells", str(length), written(rows), rows)
    rows = [["q", "a"], ["z", "w"], ["u", "v"]]
    huge = "y" * 1_000_001
    for case, line in (("plain", f"x,{huge}"), ("wrapped", f'x,"{huge}"'), ("first", f"{huge},x")):
        yield loads(
            "cells beyond measure",
            case,
            f"q,a\n{line}\nz,w\nu,v\n",
            rows,
            aside={2: "A cell of this row has more than 1,000,000 characters."},
        )


LOADED: list[Odd] = [
    *encodings(),
    *undecodable_bytes(),
    *separators(),
    *headers(),
    *ragged_rows(),
    *quotation_marks(),
    *line_ends(),
    *long_cells(),
]

_LOGIN = """<!DOCTYPE html><html><head><title>{0}</title></head><body>
<form action="/login"><input name="user"><input type={1}password{1} name="p"></form>
</body></html>"""

REFUSED: list[Refused] = [
    Refused("nothing", b"", "EmptyFile", "is empty"),
    Refused("white space", b"  \r\n\t\n", "EmptyFile", "is empty"),
    Refused("a mark alone", codecs.BOM_UTF8, "EmptyFile", "is empty"),
    Refused("blank UTF-16", "\n \n".encode("utf-16"), "EmptyFile", "is empty"),
    Refused("a header alone", b"q,a", "NoDataRows", "no rows below"),
    Refused("a header and blank rows", b"q,a\n\n,\n", "NoDataRows", "no rows below"),
    Refused("a header without end", "问题\t答案".encode("gbk"), "NoDataRows", "no rows below"),
    Refused("one column", b"text\nhello, world\nbye\n", "OneColumnOnly", "only one column, text"),
    Refused("one column GBK", "标题\n你好\n再见\n".encode("gbk"), "OneColumnOnly", "标题"),
    Refused("one column with commas", "文本\n你好，世界\n再见\n".encode(), "OneColumnOnly", "文本"),
    Refused("rows do not fit", b"q,a\nx,y\n1,2,3\n4,5,6\n", "RowsDoNotFit", "row 3 is the first"),
    Refused("rows too short", b"q\ta\tb\nx\ty\nz\tw\nu\tv\tt\n", "RowsDoNotFit", "row 2 is"),
    Refused("rows too long", "问题,答案\n1,2,3\n4,5,6\n".encode(), "RowsDoNotFit", "has 2 cells"),
    Refused("login page", _LOGIN.format("Sign in", '"').encode(), "LoginPage", "login page"),
    Refused("login page GBK", _LOGIN.format("登录", "'").encode("gbk"), "LoginPage", "login page"),
    Refused(
        "login page behind a remark",
        b"\xef\xbb\xbf\n<!-- portal -->\n<HTML><input type=password></HTML>",
        "LoginPage",
        "login page",
    ),
    Refused("web page", b"<!DOCTYPE html><html><body>Sorry</body></html>", "WebPage", "web page"),
    Refused("web page UTF-16", "<html><p>x</p></html>".encode("utf-16"), "WebPage", "web page"),
    Refused("a table as web page", b"<table><tr><td>x</td></tr></table>", "WebPage", "web page"),
    Refused("XML", b'<?xml version="1.0"?><rows><row a="b"/></rows>', "XmlFile", "XML"),
    Refused("XML with remark", b"<!-- x --><?xml version='1.0'?><a/>", "XmlFile", "XML"),
    Refused("XML namespace", b'<feed xmlns="http://x.org/">\n</feed>', "XmlFile", "XML"),
    Refused("JSON object", b'{"name": "x", "version": 3}', "JsonFile", "JSON"),
    Refused("JSON of many lines", b'{\n  "name": "x"\n}\n', "JsonFile", "JSON"),
    Refused("JSON numbers", b"[1, 2, 3]", "JsonFile", "JSON"),
    Refused(
        "e-mail",
        b"Received: from x\r\n by y\r\nFrom: a@b.c\r\nSubject: table\r\n\r\nhere it is\r\n",
        "EmailFile",
        "e-mail",
    ),
    Refused("e-mail MIME", b"MIME-Version: 1.0\nFrom: a\nTo: b\n\nx", "EmailFile", "e-mail"),
    Refused("mailbox", b"From a Mon\nFrom: a\nTo: b\nDate: c\n\nx", "EmailFile", "e-mail"),
    Refused("RTF", b"{\\rtf1\\ansi x}", "RichTextFile", "RTF"),
    Refused("RTF of a Mac", b"{\\rtf1\\mac\\ansicpg10000 x}", "RichTextFile", "RTF"),
    Refused("RTF of many lines", b"{\\rtf1\r\n{\\fonttbl}\r\nx}", "RichTextFile", "RTF"),
]


def main(folder: Path) -> None:
    """Write all files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for odd in (*LOADED, *REFUSED):
        (folder / odd.name.replace("/", "_").replace("\n", "_")).write_bytes(odd.data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
