import pytest

from tests.data.reading.odd_files import ARCHIVES
from tests.data.reading.outcomes import check_outcome


@pytest.mark.parametrize("name", ARCHIVES)
def test_odd_files(name: str) -> None:
    check_outcome(name, ARCHIVES[name])
