"""What `make` and people without make call: sets the project up, then runs one of its commands.

The interpreter that opens this file may be any Python, so it keeps to syntax that all of them can
read and only hands over to tools.commands, which needs Python 3.11.
"""

import os
import sys

OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.exit(
        "Pairloom needs Python 3.11 or newer, and this is Python "
        + sys.version.split()[0]
        + ". Install a newer one, then name it: `make run PYTHON=python3.11`, or without make: "
        + "`python3.11 tools/start.py run`."
    )

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tools.commands import main  # noqa: E402 - only a new enough Python may read it

sys.exit(main(sys.argv[1:]))
