"""Why a file of any format is refused although it could be opened; see also not_tables."""

from __future__ import annotations

from core.problems import N_, Problem


class FileUnreadable(Problem):
    what = N_("{file} cannot be read: {reason}.")
    do = N_("Check that the file is still there and that you may open it.")


class EmptyFile(Problem):
    what = N_("{file} is empty.")
    do = N_("Choose a file with a header row and at least one row of texts below it.")


class NoDataRows(Problem):
    what = N_("{file} has a header row but no rows below it.")
    do = N_("Check that the table was exported whole.")


class NoUsableRows(Problem):
    what = N_("None of the rows of {file} can be used: all {rows:,} are blank or damaged.")
    do = N_("Check that the table was exported whole.")


class OneColumnOnly(Problem):
    what = N_("{file} has only one column, {column}. Training needs at least two texts in a row.")
    do = N_(
        "Write the texts that belong together side by side, separated by a comma, "
        "a semicolon, a tab or a vertical bar."
    )


class RowsDoNotFit(Problem):
    what = N_(
        "{file}: most rows do not fit the header row, which has {columns} cells; "
        "row {row} is the first of them."
    )
    do = N_(
        "Use one separator throughout, wrap texts that contain it in quotation marks, "
        "and give every column a name."
    )


class UnknownSheet(Problem):
    what = N_("{file} has no sheet or list called {sheet}.")
    do = N_("Choose another sheet.")
