// Registers the one algorithm our puzzles use, and our words, then the widget. No inline script, so the page's policy stays 'self'.
import "/static/altcha-3.2.2.min.js";
const { algorithms, i18n } = globalThis.$altcha;
const widget = document.querySelector("altcha-widget");
i18n.set(widget.getAttribute("language"), { ...i18n.get("en"), ...JSON.parse(widget.dataset.strings) });
algorithms.set("PBKDF2/SHA-256", () => new Worker("/static/altcha-3.2.2-pbkdf2.js"));
