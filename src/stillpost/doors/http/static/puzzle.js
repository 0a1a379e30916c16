// Registers the one algorithm our puzzles use, then the widget. No inline script, so the page's policy stays 'self'.
import "/static/altcha-3.2.2.min.js";
globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker("/static/altcha-3.2.2-pbkdf2.js"));
