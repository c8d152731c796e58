import pytest

from tests.data.reading.odd_files import JSON_FILES
from tests.data.reading.outcomes import check_outcome


@pytest.mark.parametrize("name", JSON_FILES)
def test_odd_files(name: str) -> None:
    check_outcome(name, JSON_FILES[name])
