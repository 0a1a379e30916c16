"""The look of the report: one style sheet, allowed by its hash; nothing is loaded from anywhere."""

from typing import Final

STYLE: Final = """
:root{--ink:#1a1c20;--soft:#50565f;--paper:#f6f5f2;--card:#fff;--line:#d9d6cf;--flood:#b8452f;--other:#5b7a99;--calm:#1f5c3f;
--needle:#8a5a00;--needle-paper:#fff6df;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
@media(prefers-color-scheme:dark){:root{--ink:#eceae5;--soft:#b3aea4;--paper:#17181b;--card:#202226;--line:#3a3c42;
--flood:#ef8a73;--other:#8fb0d0;--calm:#8fd3ad;--needle:#f2c07a;--needle-paper:#2d2718}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1{font-size:2rem;line-height:1.2;margin:.25rem 0 .5rem;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.5rem 0 .5rem}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
p{margin:.35rem 0}
.kicker{text-transform:uppercase;letter-spacing:.08em;font-size:.78rem;color:var(--soft);font-weight:600;overflow-wrap:anywhere}
.lead{font-size:1.15rem;margin:.25rem 0 1rem}
.facts{display:flex;flex-wrap:wrap;gap:.75rem;list-style:none;padding:0;margin:1.25rem 0}
.facts li{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.6rem 1rem;flex:1 1 9rem}
.facts strong{display:block;font-size:1.6rem;line-height:1.2}
.facts .bad strong{color:var(--flood)}.facts .needle strong{color:var(--needle)}
.needles{list-style:none;padding:0;margin:.75rem 0;counter-reset:needle}
.needles li{background:var(--needle-paper);border:1px solid var(--line);border-left:.35rem solid var(--needle);border-radius:.5rem;
padding:.7rem 1rem;margin:.6rem 0;overflow-wrap:anywhere}
.needles .number{float:right;font-weight:700;color:var(--needle)}
.soft{color:var(--soft);font-size:.94rem}
.where{font-family:var(--mono);font-size:.82rem;color:var(--soft);overflow-wrap:anywhere}
figure{margin:1rem 0;background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem}
.wide{overflow-x:auto}
svg{display:block;width:100%;min-width:34rem;height:auto}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--soft)}
svg .axis{stroke:var(--line);stroke-width:1}
svg .flood{fill:var(--flood)}svg .other{fill:var(--other)}
svg .alarm{stroke:var(--ink);stroke-width:2;stroke-dasharray:5 4}
svg .said{fill:var(--ink);font-weight:600}
svg .mark{fill:var(--needle);stroke:var(--card);stroke-width:1}
svg .number{fill:var(--needle);font-weight:700}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;list-style:none;padding:0;margin:.75rem 0 0;font-size:.92rem}
.legend span{display:inline-block;width:.85rem;height:.85rem;border-radius:.15rem;margin-right:.4rem;vertical-align:-.08rem}
.legend .flood{background:var(--flood)}.legend .other{background:var(--other)}
.legend .mark{background:var(--needle);border-radius:50%}
.legend .alarm{background:none;border-left:2px dashed var(--ink);width:2px;border-radius:0}
table{border-collapse:collapse;width:100%;background:var(--card);font-size:.95rem}
.wide table{min-width:34rem}
th,td{text-align:left;padding:.45rem .75rem;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600;font-size:.88rem}
td.count,th.count{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
details{background:var(--card)}summary{cursor:pointer;padding:.6rem .75rem;font-weight:600}
.sure{color:var(--calm)}
blockquote{margin:.6rem 0;padding:.6rem 1rem;background:var(--card);border:1px solid var(--line);border-left:.35rem solid var(--flood);
border-radius:.5rem;overflow-wrap:anywhere}
blockquote p{margin:0}
ol.steps{padding-left:1.3rem}ol.steps li{margin:.4rem 0}
code{font-family:var(--mono);font-size:.9em;overflow-wrap:anywhere}
footer{border-top:1px solid var(--line);margin-top:3rem;padding-top:1rem;padding-bottom:3rem;font-size:.9rem;color:var(--soft)}
@media print{body{background:#fff}.needles li,figure,blockquote,tr{break-inside:avoid}}
"""
