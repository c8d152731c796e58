import pandas as pd
import pytest

from core.data.personal import PersonalKind, find_personal, kinds_in, mask, mask_column

ID = PersonalKind.ID_NUMBER
CARD = PersonalKind.BANK_CARD
MOBILE = PersonalKind.MOBILE
EMAIL = PersonalKind.EMAIL


def id_number(start: str) -> str:
    """A made-up ID number: 17 digits and the check digit that belongs to them."""
    weights = [2 ** (17 - place) % 11 for place in range(17)]
    total = sum(int(digit) * weight for digit, weight in zip(start, weights, strict=True))
    return start + "10X98765432"[total % 11]


def card_number(start: str) -> str:
    """A made-up card number: some digits and Luhn's check digit."""
    digits = [int(digit) for digit in reversed(start)]
    total = sum(sum(divmod(2 * n, 10)) if p % 2 == 0 else n for p, n in enumerate(digits))
    return start + str(-total % 10)


VALID_IDS = [
    id_number(f"{region}19900307{n:03}") for region in ("110105", "440301") for n in range(6)
]


@pytest.mark.parametrize("number", [*VALID_IDS, VALID_IDS[0].lower()])
def test_id_numbers_are_masked(number: str) -> None:
    assert mask(f"身份证{number}，请核对") == "身份证[ID]，请核对"
    assert kinds_in(number) == {ID}


def test_an_id_number_may_end_in_x() -> None:
    with_x = next(
        number
        for number in (id_number(f"11010519900307{n:03}") for n in range(100))
        if number.endswith("X")
    )
    assert mask(with_x) == mask(with_x.lower()) == "[ID]"


def test_numbers_of_18_digits_that_are_no_id() -> None:
    good = VALID_IDS[0]
    wrong_check = good[:17] + ("1" if good[17] != "1" else "2")
    wrong_day = id_number("11010519901307001")
    wrong_region = id_number("99010519900307001")
    longer = good + "1"
    for number in (wrong_check, wrong_day, wrong_region, longer, "a" + good):
        assert ID not in kinds_in(f"订单 {number} 。")


@pytest.mark.parametrize("number", ["110105900307001", "440301851231123", "320106491001002"])
def test_old_id_numbers_of_15_digits(number: str) -> None:
    assert mask(f"{number}.") == "[ID]."
    assert ID not in kinds_in("99" + number[2:])
    assert ID not in kinds_in(number[:8] + "99" + number[10:])


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "电话13812345678。",
        "+86 199 1234 5678",
        "86-15012345678",
        "call 138-1234-5678!",
    ],
)
def test_mobile_numbers(text: str) -> None:
    assert kinds_in(text) == {MOBILE}
    assert "[MOBILE]" in mask(text)
    assert not any(char.isdigit() for char in mask(text))


@pytest.mark.parametrize(
    "text",
    [
        "12812345678",
        "138123456789",
        "0.13812345678",
        "1381234567",
        "SKU13812345678",
        "6901234567892",
        "2013-1234-5678",
        "13812345678.5",
    ],
)
def test_other_numbers_are_no_mobile_numbers(text: str) -> None:
    assert kinds_in(text) == frozenset()
    assert mask(text) == text


@pytest.mark.parametrize("start", ["622202100000123456", "411111111111111", "510510510510510"])
def test_bank_cards(start: str) -> None:
    number = card_number(start)
    assert mask(f"卡号{number}") == "卡号[CARD]"
    spaced = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    assert mask(f"card {spaced}, thanks") == "card [CARD], thanks"
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert CARD not in kinds_in(wrong)


def test_long_numbers_that_are_no_cards() -> None:
    for number in ("0" * 16, "4" * 16, card_number("123456789012345"), card_number("62220210000")):
        assert CARD not in kinds_in(number)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to a.b+c@example.co.uk.", "write to [EMAIL]."),
        ("邮箱：user_1@example.com，谢谢", "邮箱：[EMAIL]，谢谢"),
        ("x@y.cn", "[EMAIL]"),
    ],
)
def test_e_mail_addresses(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("text", ["3 @ 5 yuan", "@someone", "a@b", "价格@99元", "user@localhost"])
def test_other_at_signs(text: str) -> None:
    assert mask(text) == text


def test_everything_in_one_text() -> None:
    text = f"张三 {VALID_IDS[0]}，13912345678，x@example.com，{card_number('622202100000123456')}"
    assert mask(text) == "张三 [ID]，[MOBILE]，[EMAIL]，[CARD]"
    assert kinds_in(text) == set(PersonalKind)


def test_a_column_is_counted_by_kind_and_masked() -> None:
    texts = pd.Series(
        ["clean", "13912345678", "x@example.com 13912345678", "2026", VALID_IDS[0], "13912345678"],
        index=range(10, 16),
        dtype="str",
    )
    found = find_personal(texts)
    assert found.positions.tolist() == [1, 2, 4, 5]
    assert {kind: places.tolist() for kind, places in found.by_kind.items()} == {
        ID: [4],
        CARD: [],
        MOBILE: [1, 2, 5],
        EMAIL: [2],
    }
    masked, positions = mask_column(texts)
    assert positions.tolist() == [1, 2, 4, 5]
    assert masked.to_dict() == {
        10: "clean",
        11: "[MOBILE]",
        12: "[EMAIL] [MOBILE]",
        13: "2026",
        14: "[ID]",
        15: "[MOBILE]",
    }
    assert find_personal(texts[:1]).positions.tolist() == []
