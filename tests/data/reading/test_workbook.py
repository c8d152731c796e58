import pytest

from tests.data.reading.odd_files import WORKBOOKS
from tests.data.reading.outcomes import check_outcome


@pytest.mark.parametrize("name", WORKBOOKS)
def test_odd_files(name: str) -> None:
    check_outcome(name, WORKBOOKS[name])
