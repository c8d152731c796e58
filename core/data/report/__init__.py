"""The data report: what is wrong with a table, what that does to training, and the way out."""

from core.data.report.bases import ReportBase, bases_for_report
from core.data.report.data_report import (
    BaseCoverage,
    ClassStatistics,
    DataReport,
    Histogram,
    LengthStatistics,
    ScoreStatistics,
)
from core.data.report.html import report_html
from core.data.report.languages import LANGUAGES
from core.data.report.make import make_report
from core.data.report.scripts import SCRIPTS

__all__ = [
    "LANGUAGES",
    "SCRIPTS",
    "BaseCoverage",
    "ClassStatistics",
    "DataReport",
    "Histogram",
    "LengthStatistics",
    "ReportBase",
    "ScoreStatistics",
    "bases_for_report",
    "make_report",
    "report_html",
]
