"""Self-contained HTML pages: no script, no network, light or dark, for phone and screen."""

from collections.abc import Iterable, Mapping
from html import escape
from string import Template

LAYOUT = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>
:root { --ink: #222; --faint: #666; --line: #ddd; --page: #fafafa; --card: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --faint: #999; --line: #3a3a3a; --page: #181818; --card: #222; }
}
body { margin: 0 auto; max-width: 46rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1, h2 { line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid var(--line); padding: .3rem 0; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--faint); font-weight: normal; padding-right: 1rem; white-space: nowrap; }
figure { margin: 2rem 0; padding: .75rem; overflow-x: auto; border-radius: .5rem;
  border: 1px solid var(--line); background: #fff; }
svg { display: block; width: 100%; min-width: 30rem; height: auto; }
.wide { overflow-x: auto; }
.wide th, .wide td { padding-right: 1rem; overflow-wrap: normal; white-space: pre-wrap; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar { width: 40%; vertical-align: middle; }
.bar div { height: .6rem; background: #0072b2; }
pre { margin: 0; padding: .75rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); white-space: pre-wrap; overflow-wrap: anywhere; }
h3 { margin: 1rem 0 .25rem; color: var(--faint); font-size: 1rem; font-weight: normal; }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


def make_page(title: str, parts: Iterable[str]) -> bytes:
    """Return a page as UTF-8.

    Args:
        title: as text.
        parts: the body below the title, as HTML.
    """
    return LAYOUT.substitute(title=escape(title), body="\n".join(parts)).encode()


def facts_table(rows: Mapping[str, str]) -> str:
    """Return an HTML table of names and values, which are plain text."""
    lines = [
        f'<tr><th scope="row">{escape(name[:1].upper() + name[1:])}</th>'
        f"<td>{escape(value)}</td></tr>"
        for name, value in rows.items()
    ]
    return "\n".join(["<table>", *lines, "</table>"])


def figure(drawing: str, description: str) -> str:
    """Return a figure as HTML.

    Args:
        drawing: an SVG file.
        description: of the drawing, for screen readers.
    """
    vector = drawing[drawing.index("<svg") :]  # no prologue within a page
    return f'<figure aria-label="{escape(description)}">\n{vector}\n</figure>'
