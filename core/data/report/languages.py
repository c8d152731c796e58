"""Which scripts and languages the texts are in, and what that means for a base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.data.findings import Finding, Severity
from core.data.report.scripts import SCRIPTS
from core.data.report.view import Check, TableView, Tell
from core.problems import N_, Message, Term

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LANGUAGE_ROWS = 2_000
"""Languages are looked for in so many rows."""
LANGUAGES = {
    "ar": N_("Arabic"),
    "cs": N_("Czech"),
    "da": N_("Danish"),
    "de": N_("German"),
    "el": N_("Greek"),
    "en": N_("English"),
    "es": N_("Spanish"),
    "fa": N_("Persian"),
    "fi": N_("Finnish"),
    "fr": N_("French"),
    "he": N_("Hebrew"),
    "hi": N_("Hindi"),
    "hu": N_("Hungarian"),
    "id": N_("Indonesian"),
    "it": N_("Italian"),
    "ja": N_("Japanese"),
    "ko": N_("Korean"),
    "nl": N_("Dutch"),
    "no": N_("Norwegian"),
    "pl": N_("Polish"),
    "pt": N_("Portuguese"),
    "ro": N_("Romanian"),
    "ru": N_("Russian"),
    "sv": N_("Swedish"),
    "th": N_("Thai"),
    "tr": N_("Turkish"),
    "uk": N_("Ukrainian"),
    "vi": N_("Vietnamese"),
    "zh": N_("Chinese"),
}
"""The languages that are told apart: ISO 639-1 code to name."""
SAMPLED = N_("Languages were looked for in {looked:,} of {rows:,} rows.")

_SURE = 0.6
_SHORT = 16
_OWN_SCRIPT = {"Hangul": "ko", "Kana": "ja", "Han": "zh", "Thai": "th"}
_MIXED_SHARE = 0.05
_MAIN_SHARE = 0.5

_DIFFERENT = N_("“{first}” is mostly in {first_script}, “{second}” in {second_script}.")
_MIXED = N_(
    "“{column}” is in several scripts: mostly in {main}, and in {others} in {count:,} of {rows:,} "
    "rows ({share:.1%})."
)
_DIFFERENT_EFFECT = N_(
    "Every loss can bring two languages together, but only if the base knows both. "
    "all-MiniLM-L6-v2 knows English only; take a multilingual base, or see below how well each one "
    "reads the texts."
)
_MIXED_EFFECT = N_(
    "The base must read all of them, whatever the loss. With MultipleNegativesRankingLoss a batch "
    "of several languages is easy: the wrong answers give themselves away by their letters."
)


def check_languages(view: TableView, told: Tell) -> Iterator[Finding]:
    """Compare the scripts of the columns, and of the texts in each column."""
    names = list(SCRIPTS)
    mains: dict[str, str] = {}
    for role in view.roles:
        main = view.marks.main[view.codes[role]]
        written = main[main >= 0]
        if not len(written):
            continue
        counts = np.bincount(written, minlength=len(names))
        first = int(counts.argmax())
        others = len(written) - int(counts[first])
        if counts[first] >= _MAIN_SHARE * len(written):
            mains[role] = names[first]
        if others >= _MIXED_SHARE * len(view):
            second = int(np.argsort(-counts, kind="stable")[1])
            facts = {
                "column": view.column(role),
                "main": Term(SCRIPTS[names[first]]),
                "others": Term(SCRIPTS[names[second]]),
                "rows": len(view),
                "share": others / len(view),
            }
            yield view.finding(
                "mixed_scripts",
                Severity.INFO,
                Message(_MIXED, facts),
                (main >= 0) & (main != first),
                effects=[Message(_MIXED_EFFECT)],
                roles=(role,),
            )
    for role, script in list(mains.items())[1:]:
        base_role, base_script = next(iter(mains.items()))
        # Japanese is written in both.
        if script != base_script and {script, base_script} != {"Han", "Kana"}:
            facts = {
                "first": view.column(base_role),
                "first_script": Term(SCRIPTS[base_script]),
                "second": view.column(role),
                "second_script": Term(SCRIPTS[script]),
            }
            yield view.finding(
                "different_scripts",
                Severity.INFO,
                Message(_DIFFERENT, facts),
                np.ones(len(view), dtype=bool),
                effects=[Message(_DIFFERENT_EFFECT)],
            )


def script_shares(view: TableView) -> dict[str, dict[str, float]]:
    """Role to the share of its texts that hold letters of each script, the commonest first."""
    shares = {}
    for role in view.roles:
        found = {name: float(view.marks.having(name)[view.codes[role]].mean()) for name in SCRIPTS}
        ordered = sorted(found.items(), key=lambda item: -item[1])
        shares[role] = {name: round(share, 4) for name, share in ordered if share > 0}
    return shares


def language_shares(view: TableView) -> tuple[dict[str, dict[str, float]], int]:
    """Role to the share of its texts in each language, the commonest first; rows looked at.

    "" stands for texts that are too short or too mixed to tell.
    """
    positions = np.linspace(0, len(view) - 1, min(len(view), LANGUAGE_ROWS)).astype(np.int64)
    scripts = list(SCRIPTS)
    shares = {}
    for role in view.roles:
        codes = view.codes[role][positions]
        counts: Counter[str] = Counter()
        for code, text in zip(codes, view.texts.take(codes).to_pylist(), strict=True):
            main = int(view.marks.main[code])
            counts[language_of(text, scripts[main] if main >= 0 else None)] += 1
        shares[role] = {
            code: round(count / len(positions), 4) for code, count in counts.most_common()
        }
    return shares, len(positions)


def language_of(text: str, script: str | None) -> str:
    """The language of a text, an ISO 639-1 code; "" when it cannot be told.

    A script that one language is written in decides by itself; py3langid, which learned from longer
    texts, is asked about the others, and believed about at least 16 characters.
    """
    if script is None:
        return ""
    if script in _OWN_SCRIPT:
        return _OWN_SCRIPT[script]
    if len(text) < _SHORT:
        return ""
    language, probability = _identifier().classify(text[:1_000])
    return language if probability >= _SURE else ""


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    # Imported here: its model takes a moment to load and 60 MB to keep.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


SCRIPTS_AND_LANGUAGES = Check(N_("Looking at scripts and languages"), check_languages)
