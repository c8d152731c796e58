import pytest

from tests.data.reading.odd_files import PARQUET_FILES
from tests.data.reading.outcomes import check_outcome


@pytest.mark.parametrize("name", PARQUET_FILES)
def test_odd_files(name: str) -> None:
    check_outcome(name, PARQUET_FILES[name])
