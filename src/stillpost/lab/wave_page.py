"""What ``lab wave`` found, as one page that works offline: no script, nothing loaded."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from stillpost.lab.forger import Strategy
from stillpost.lab.wave_plot import Say, mails_over_time, through_by_group
from stillpost.lab.wave_report import STRATEGIES, heading, honest_rows, wave_rows
from stillpost.lab.wave_score import Score
from stillpost.language import N_, translate

if TYPE_CHECKING:
    from stillpost.lab.wave import Plan

_STYLE = """
:root{--ink:#1a1c20;--soft:#50565f;--paper:#f6f5f2;--card:#fff;--line:#d9d6cf}
@media(prefers-color-scheme:dark){:root{--ink:#eceae5;--soft:#b3aea4;--paper:#17181b;--card:#202226;--line:#3a3c42}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:58rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.85rem;line-height:1.2;margin:0 0 .75rem}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem}
p{max-width:46rem}.soft{color:var(--soft)}
figure{margin:1.25rem 0;padding:1rem;background:#fff;border:1px solid var(--line);border-radius:.6rem;overflow-x:auto}
svg{display:block;width:100%;min-width:40rem;height:auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.95rem}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:right;font-variant-numeric:tabular-nums}
th[scope=row]{text-align:left;font-weight:400;color:var(--soft)}
@media print{body{background:#fff}table,figure{break-inside:avoid}}
"""


def page(plan: "Plan", scores: Sequence[Score], language: str) -> str:
    """The page: the quiet day, then each way of the forger."""

    def say(text: str) -> str:
        return translate(text, language)

    allowed = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    title = escape(say(N_("A relay-spam wave against a portal")))
    played = list(dict.fromkeys(score.strategy for score in scores if score.strategy is not None))
    body = [
        f"<h1>{title}</h1>",
        f"<p>{escape(heading(plan, language))}. {escape(say(_WHERE))}</p>",
        *_quiet(scores, say, language),
    ]
    for strategy in played:
        body += _wave(strategy, scores, say, language)
    return (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


_WHERE = N_(
    "Everybody here is made up, and nothing left the process that counted. Each run is a portal of its own, from an empty store on."
)


def _quiet(scores: Sequence[Score], say: Say, language: str) -> list[str]:
    quiet = [score for score in scores if score.strategy is None]
    if not quiet:
        return []
    title = say(N_("In quiet times"))
    return [
        f"<h2>{escape(title)}</h2>",
        f"<figure>{through_by_group([(score.proof.value, score) for score in quiet], say)}</figure>",
        _table(quiet, language),
    ]


def _wave(strategy: Strategy, scores: Sequence[Score], say: Say, language: str) -> list[str]:
    runs = [score for score in scores if score.strategy is strategy]
    title = say(N_("The forger: {strategy}")).format(strategy=strategy.value)
    return [
        f"<h2>{escape(title)}</h2>",
        f"<p class='soft'>{escape(say(STRATEGIES[strategy]))}</p>",
        f"<figure>{mails_over_time(runs, say)}</figure>",
        f"<figure>{through_by_group([(score.proof.value, score) for score in runs], say)}</figure>",
        _table(runs, language),
    ]


def _table(scores: Sequence[Score], language: str) -> str:
    """A row a number, a column a mode."""
    columns = [
        dict([*(wave_rows(score, language) if score.strategy else ()), *honest_rows(score, language)])
        for score in scores
    ]
    names = "".join(f"<th scope='col'>{escape(score.proof.value)}</th>" for score in scores)
    rows = [f"<thead><tr><th></th>{names}</tr></thead><tbody>"]
    for name in dict.fromkeys(name for column in columns for name in column):
        cells = "".join(f"<td>{escape(column.get(name, '–'))}</td>" for column in columns)
        rows.append(f"<tr><th scope='row'>{escape(name)}</th>{cells}</tr>")
    return f"<div class='wide' tabindex='0'><table>{''.join(rows)}</tbody></table></div>"
