"""The look of the audit's page: one style sheet, allowed by its hash; nothing is loaded from anywhere."""

STYLE = """
:root{--ink:#1a1c20;--soft:#50565f;--paper:#f6f5f2;--card:#fff;--line:#d9d6cf;--accent:#7a2e1d;--bad:#9f1d1d;--warn:#7d4a00;
--calm:#1f5c3f;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(prefers-color-scheme:dark){:root{--ink:#eceae5;--soft:#b3aea4;--paper:#17181b;--card:#202226;--line:#3a3c42;
--accent:#f0a48f;--bad:#ff9a8f;--warn:#f2c07a;--calm:#8fd3ad}}
*{box-sizing:border-box}
body{overflow-wrap:anywhere}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:58rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
header p,footer p{color:var(--soft);margin:.25rem 0}
h1{font-size:1.85rem;line-height:1.2;margin:.25rem 0 .75rem;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2.75rem 0 .75rem}
.card h2{font-size:1rem;margin:0 0 .5rem}
.kicker{text-transform:uppercase;letter-spacing:.08em;font-size:.78rem;color:var(--soft);font-weight:600}
.lead{font-size:1.1rem}
.mail{background:var(--card);border:1px solid var(--line);border-radius:.6rem;overflow:hidden;margin:1.25rem 0;
box-shadow:0 1px 2px rgba(0,0,0,.06),0 8px 24px rgba(0,0,0,.05)}
.mail dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0;padding:1rem 1.25rem;
border-bottom:1px solid var(--line)}
.mail dt{color:var(--soft)}
.mail dd{margin:0;overflow-wrap:anywhere}
.mail .subject{font-weight:650}
pre{margin:0;padding:1.1rem 1.25rem;white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
mark{background:#ffe08a;color:#1a1c20;border-radius:.2rem;padding:0 .15rem;font-weight:600}
.inexact{border-top:1px dashed var(--line);padding:.7rem 1.25rem;margin:0;color:var(--warn);font-size:.92rem}
.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
@media(max-width:44rem){.two{grid-template-columns:1fr}}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem}
.card dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .9rem;margin:0}
.card dt{color:var(--soft)}
.card dd{margin:0;overflow-wrap:anywhere}
.card p{margin:.25rem 0}
code,.path{font-family:var(--mono);font-size:.88em;overflow-wrap:anywhere}
.change{background:var(--card);border:1px solid var(--line);border-radius:.6rem;margin:1rem 0;overflow:hidden}
.change p{margin:0;padding:.7rem 1.25rem}
.change del,.change ins{display:block;text-decoration:none;font-family:var(--mono);font-size:.88rem;padding:.5rem 1.25rem;
white-space:pre-wrap;overflow-wrap:anywhere;border-top:1px solid var(--line)}
.change del{border-left:.3rem solid var(--bad)}
.change ins{border-left:.3rem solid var(--calm)}
.tally{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0;margin:1rem 0}
.tally li{background:var(--card);border:1px solid var(--line);border-radius:2rem;padding:.2rem .8rem;font-size:.92rem}
.finding{background:var(--card);border:1px solid var(--line);border-left:.35rem solid var(--line);border-radius:.5rem;
padding:.8rem 1.1rem;margin:.7rem 0}
.finding p{margin:.3rem 0}
.finding summary,.rules summary{cursor:pointer;color:var(--accent);font-size:.92rem;margin-top:.3rem}
.critical,.high{border-left-color:var(--bad)}
.medium{border-left-color:var(--warn)}
.badge{font-size:.78rem;font-weight:700;text-transform:uppercase;letter-spacing:.05em}
.badge.critical,.badge.high{color:var(--bad)}
.badge.medium{color:var(--warn)}
.badge.low,.badge.info{color:var(--soft)}
.soft{color:var(--soft);font-size:.94rem}
.fine{columns:2;padding-left:1.1rem}
@media(max-width:44rem){.fine{columns:1}}
footer{border-top:1px solid var(--line);margin-top:3rem;padding-top:1rem;padding-bottom:3rem;font-size:.9rem}
a{color:var(--accent)}
@media print{body{background:#fff}.mail,.card,.finding,.change{box-shadow:none;break-inside:avoid}}
"""
