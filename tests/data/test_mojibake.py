import pandas as pd
import pytest

from core.data.mojibake import (
    LOST,
    MojibakeKind,
    find_mojibake,
    repair,
    repair_column,
)

CHINESE = [
    "我想买一个羽毛球拍",
    "有什么好的斯伯丁街头篮球推荐吗？",
    "寻找一款网极路由器，价格：99元",
    "童趣派 10寸儿童平板 专为儿童设计",
    "浏览器遨游三万里",
    "今天天气很好。",
]
OTHERS = [
    "Größe der Straße",
    "déjà vu à l’école",
    "Привет, как дела?",
    "İstanbul’da güneşli bir gün",
]


def column(*texts: str) -> pd.Series:
    return pd.Series(texts, dtype="str")


@pytest.mark.parametrize("text", CHINESE + OTHERS)
@pytest.mark.parametrize("encoding", ["latin-1", "sloppy-windows-1252", "sloppy-windows-1254"])
def test_what_lost_no_byte_is_repaired_whole(text: str, encoding: str) -> None:
    assert repair(text.encode().decode(encoding)) == text


@pytest.mark.parametrize("text", OTHERS[:3])
@pytest.mark.parametrize("encoding", ["cp1251", "cp437", "mac_roman", "cp1250"])
def test_other_code_pages_are_ftfy_s_work(text: str, encoding: str) -> None:
    broken = text.encode().decode(encoding, "ignore")
    if encoding == "cp437" and text.startswith("Größe"):
        assert repair(broken) == text
    # What cannot be told with certainty is left as it is, never made worse.
    assert repair(broken) in (text, broken) or LOST not in repair(broken)


def test_cyrillic_that_was_read_as_windows_1251() -> None:
    broken = ["Привет, мир", "Как дела", "Добрый день"]
    found = find_mojibake(column(*(text.encode().decode("cp1251", "ignore") for text in broken)))
    assert found is not None
    assert (found.kind, found.encoding, found.rows) == (
        MojibakeKind.SINGLE_BYTE,
        "Windows-1251",
        3,
    )


def lossy(text: str) -> str:
    """``text`` as model cards show it: read as Windows-1254, bytes without a character dropped."""
    return text.encode().decode("cp1254", "ignore")


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("我想买一个羽毛球拍", "我想买一个羽毛��"),
        ("台湾百条必走步道", "�湾百�必走步�"),
        ("网极 AX55 无线路由器", "网� AX55 无线路由器"),
        ("攻防兼备的4U轻量级", "攻防兼备的4U轻�级"),
        ("恒温瓶，1升容量。", "�温瓶，1�容�。"),
    ],
)
def test_bytes_that_were_dropped_leave_a_mark_for_each_character(text: str, repaired: str) -> None:
    assert repair(lossy(text)) == repaired


@pytest.mark.parametrize("placeholder", ["?", "\ufffd", "\x1a"])
@pytest.mark.parametrize("text", ["寻找一款羽毛球拍", "浏览器好用", "有什么推荐？"])
def test_bytes_that_were_replaced(text: str, placeholder: str) -> None:
    broken = text.encode().decode("cp1254", "replace").replace("\ufffd", placeholder)
    expected = "".join(
        character if "\ufffd" not in character.encode().decode("cp1254", "replace") else LOST
        for character in text
    )
    assert repair(broken) == expected


def test_question_marks_of_the_text_itself_stay() -> None:
    assert repair("价格多少?有货吗?".encode().decode("cp1252", "ignore")).count("?") == 2
    assert repair(lossy("羽毛球拍好吗?")) == "羽毛��好�?"


@pytest.mark.parametrize("text", ["羽毛球拍适合业余选手", "价格：99元起，包邮", "我爱北京天安门。"])
@pytest.mark.parametrize("errors", ["ignore", "replace"])
def test_utf_8_that_was_read_as_gbk(text: str, errors: str) -> None:
    repaired = repair(text.encode().decode("gbk", errors))
    assert len(repaired) == len(text)
    assert all(new in (old, LOST) for new, old in zip(repaired, text, strict=True))
    assert repaired.count(LOST) <= 2


@pytest.mark.parametrize("text", ["羽毛球拍适合业余选手", "价格：99元起", "联通公司"])
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp1254"])
def test_gbk_that_was_read_as_western(text: str, encoding: str) -> None:
    assert repair(text.encode("gbk").decode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("锟斤拷锟斤拷你好", "����你好"),
        ("价格锟斤拷99元", "价格��99元"),
        ("我锟斤拷锟", "我���"),
    ],
)
def test_replacement_characters_that_were_read_as_gbk(text: str, repaired: str) -> None:
    assert repair(text) == repaired


CLEAN = [
    "Şişli’de “Ağrı” çığlığı — İstanbul’un güneşi…",
    "Türkçe: “ğ”, ı, İ ve ş (%100 pamuk)",
    "qualité\xa0» et «\xa0voilà\xa0»",
    "Où ça ? « L’été… » coûte 5€ — c’est l’œuvre d’à côté",
    "Fußgängerübergänge – „Öffnungszeiten“ für „Gruß“",
    "INFORMAÇÃO E AÇÃO, ÀS VEZES",
    "así…¡Salud! ¿Qué?",
    "Nestlé® Nescafé®™ 20 °C ± 5 µm",
    "SŁÓW” żółć „źdźbło”",
    "řekl: „nosíš“ – žíš",
    "Việt Nam đẹp lắm, phở ngon",
    "Съешь ещё этих мягких булок — “С„”",
    "ภาษาไทย และ 한국어 텍스트 と日本語",
    "浏览器遨游三万里，涓涓细流，价格：99元",
    "繁體中文：鏈條、鋼鐵、鎖與鋰電池，鍵盤",
    "浜松市の鰻、鯵と鯖",
    "联通公司的宽带“100M”……",
    "斤拷锟",
    "What??? 50% — “yes”",
]


@pytest.mark.parametrize("text", CLEAN)
def test_clean_texts_are_left_alone(text: str) -> None:
    assert repair(text) == text
    assert find_mojibake(column(*[text] * 20)) is None


def test_a_column_is_described_with_examples() -> None:
    texts = [*CHINESE, *(f"{text} 型号{n} 颜色白色" for n in range(8) for text in CHINESE)]
    found = find_mojibake(column("clean", *map(lossy, texts), "été"))
    assert found is not None
    assert (found.kind, found.encoding) == (MojibakeKind.SINGLE_BYTE, "Windows-1254")
    assert found.rows == len(texts)
    assert found.positions.tolist() == list(range(1, len(texts) + 1))
    assert found.unrecoverable == sum(repair(lossy(text)).count(LOST) for text in texts)
    assert len(found.examples) == 5
    position, example = found.examples[0]
    assert (position, example.after, example.lost) == (1, "我想买一个羽毛��", 2)
    assert example.before == lossy(CHINESE[0])
    assert "{encoding}" in found.kind.label


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("latin-1", "Latin-1"),
        ("sloppy-windows-1252", "Windows-1252"),
        ("cp1252", "Windows-1252"),
        ("gbk", "GBK"),
    ],
)
def test_the_encoding_of_a_column_is_named(encoding: str, name: str) -> None:
    texts = [
        f"{text}，型号{n}，净重五百克，颜色白，最好架子极" for n in range(9) for text in CHINESE
    ]
    found = find_mojibake(column(*(text.encode().decode(encoding, "ignore") for text in texts)))
    assert found is not None
    assert found.encoding == name
    assert found.rows == len(texts)


@pytest.mark.parametrize(
    ("text", "repaired"), [("条极", "��"), ("极", "�"), ("李极", "��"), ("某球拍", "���")]
)
def test_fragments_are_repaired_when_the_rest_of_the_column_shows_how(
    text: str, repaired: str
) -> None:
    assert repair(lossy("极")) == lossy("极")
    after, positions, lost = repair_column(column(*map(lossy, CHINESE * 2), lossy(text), "été à"))
    assert after.iloc[-2:].tolist() == [repaired, "été à"]
    assert positions.tolist() == list(range(len(CHINESE) * 2 + 1))
    assert lost == sum(text.count(LOST) for text in after)


def test_repairing_a_column_keeps_its_index_and_its_clean_texts() -> None:
    texts = pd.Series(["été", lossy("今天天气很好"), "naïve"], index=[7, 8, 9], dtype="str")
    repaired, positions, lost = repair_column(texts)
    assert repaired.to_dict() == {7: "été", 8: "今天天气很好", 9: "naïve"}
    assert (positions.tolist(), lost) == ([1], 0)
    assert repaired.dtype == texts.dtype
    clean, positions, lost = repair_column(texts[[7, 9]])
    assert (clean.tolist(), len(positions), lost) == (["été", "naïve"], 0, 0)


@pytest.mark.parametrize("text", CHINESE)
def test_repaired_texts_are_clean(text: str) -> None:
    for broken in (lossy(text), text.encode().decode("gbk", "ignore"), f"{text}锟斤拷"):
        once = repair(broken)
        assert repair(once) == once
        assert find_mojibake(column(once)) is None
