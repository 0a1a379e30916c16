"""What ``lab wave`` found, for a terminal and as one page with pictures that works offline."""

from collections.abc import Sequence
from html import escape

from stillpost.lab.actors import Kind
from stillpost.lab.wave import Plan, Score
from stillpost.language import N_, translate

_WIDTH, _HEIGHT, _PAD = 760, 260, 46
_COLORS = {"adaptive": "#1f6feb", "mail-first": "#1a7f37", "link": "#9a6700"}


def lines(plan: Plan, scores: Sequence[Score], language: str) -> list[str]:
    """The table for a terminal."""

    def say(text: str, **values: object) -> str:
        return translate(text, language).format(**values)

    told = [
        say(
            N_(
                "{requests} forged requests for {addresses} addresses from {networks} networks, {honest} honest visitors"
            ),
            requests=plan.requests,
            addresses=plan.addresses,
            networks=plan.networks,
            honest=plan.honest,
        ),
        say(N_("challenges_total = {total}; seed {seed}"), total=plan.total, seed=plan.seed),
        "",
    ]
    for score in scores:
        told.append(
            say(
                N_("proof = {proof}, {when}"),
                proof=score.proof.value,
                when=say(N_("in the wave") if score.wave else N_("in quiet times")),
            )
        )
        if score.wave:
            told += [
                say(
                    N_("  mails to addresses nobody proved   {mails} (without Stillpost: {all})"),
                    mails=score.to_unproven,
                    all=score.forged,
                ),
                say(N_("  most mails to one of them          {most}"), most=score.most_to_one),
                say(N_("  bytes of the forger's words mailed {count}"), count=score.forger_bytes),
                say(N_("  forged tickets                     {count}"), count=score.forged_tickets),
            ]
        told.append(say(N_("  honest visitors through            {share:.1%}"), share=score.through))
        for kind in Kind:
            group = score.groups.get(kind)
            if group is None:
                continue
            steps = sorted(group.steps)[len(group.steps) // 2] if group.steps else 0
            told.append(
                say(
                    N_("    {kind:<28} {through:>3} of {came:>3}, {steps} steps"),
                    kind=say(_KINDS[kind]),
                    through=group.through,
                    came=group.came,
                    steps=steps,
                )
            )
        told.append("")
    return told


_KINDS = {
    Kind.OBEYS: N_("do as asked"),
    Kind.LINK_ONLY: N_("use only the link"),
    Kind.OTHER_ADDRESS: N_("answer from another address"),
    Kind.NO_DMARC: N_("have no DKIM or DMARC"),
    Kind.KNOWN: N_("are known"),
}


def page(plan: Plan, scores: Sequence[Score], language: str) -> str:
    """One HTML page: no script, nothing loaded."""
    waves = [score for score in scores if score.wave]
    table = "\n".join(escape(line) for line in lines(plan, scores, language))
    title = translate(N_("A relay-spam wave against a portal"), language)
    caption = translate(
        N_(
            "Mails to people who never asked, minute by minute. The gray line is a helpdesk that confirms every request."
        ),
        language,
    )
    return f"""<!doctype html>
<html lang="{escape(language)}"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}}
pre{{overflow-x:auto;background:#f6f8fa;padding:1rem}}
svg{{width:100%;height:auto}} text{{font:12px system-ui,sans-serif;fill:#1f2328}}
</style>
</head><body><main><h1>{escape(title)}</h1>
<figure>{_plot(plan, waves, language)}<figcaption>{escape(caption)}</figcaption></figure>
<pre tabindex="0">{table}</pre></main></body></html>
"""


def _plot(plan: Plan, waves: Sequence[Score], language: str) -> str:
    minutes = max((minute for score in waves for minute, _ in score.per_minute), default=1) or 1
    highest = max(plan.requests, 1)

    def x(minute: float) -> float:
        return _PAD + (_WIDTH - 2 * _PAD) * minute / minutes

    def y(count: float) -> float:
        return _HEIGHT - _PAD - (_HEIGHT - 2 * _PAD) * count / highest

    parts = [
        f'<line x1="{_PAD}" y1="{y(0):.1f}" x2="{_WIDTH - _PAD}" y2="{y(0):.1f}" stroke="#59636e"/>',
        f'<polyline fill="none" stroke="#8c959f" stroke-width="2" points="{x(0):.1f},{y(0):.1f} {x(minutes):.1f},{y(highest):.1f}"/>',
        f'<text x="{x(minutes):.1f}" y="{y(highest) - 6:.1f}" text-anchor="end">{plan.requests}</text>',
    ]
    for row, score in enumerate(waves):
        start = score.per_minute[0][1] if score.per_minute else 0
        points = " ".join(f"{x(minute):.1f},{y(count - start):.1f}" for minute, count in score.per_minute)
        color = _COLORS[score.proof.value]
        label = f"{score.proof.value}: {score.to_unproven}"
        parts.append(f'<polyline fill="none" stroke="{color}" stroke-width="2.5" points="{points}"/>')
        parts.append(f'<rect x="{_PAD + 10}" y="{_PAD + 18 * row}" width="14" height="4" fill="{color}"/>')
        parts.append(f'<text x="{_PAD + 30}" y="{_PAD + 6 + 18 * row}">{escape(label)}</text>')
    axis = translate(N_("minutes"), language)
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">0 – {minutes} {escape(axis)}</text>')
    name = translate(N_("Mails to people who never asked, by mode of proof"), language)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(name)}">{"".join(parts)}</svg>'
