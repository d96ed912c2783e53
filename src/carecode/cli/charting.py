"""The chart of an evaluation: an SVG file, and bars for a terminal.

A point and its interval for each share; the three measures differ by form as well as colour.  The axis begins where
the least interval does and says so, for shares near 1 cannot be told apart on an axis from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from carecode.identity.linking.evaluation import Evaluation, Measure, Share

MEASURES: Final = ("precision", "recall", "F1")
ROWS_MAX: Final = 60

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW = 900, 250, 130, 90, 46
_COLOURS: Final = ("#005eb8", "#8a4b00", "#1b6b3a")
_FORMS: Final = (
    '<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{c}"/>',
    '<rect x="{a:.1f}" y="{b:.1f}" width="9" height="9" fill="{c}"/>',
    '<path d="M{x:.1f} {b0:.1f} l6 6 l-6 6 l-6 -6 z" fill="{c}"/>',
)
_BAR_CELLS: Final = 30
_WIDTHS: Final = tuple(part * 10.0**-power for power in range(5, 0, -1) for part in (1, 2, 5))
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


class Row(NamedTuple):
    """One line of the chart."""

    label: str
    measure: Measure


def rows_of(found: Evaluation) -> list[Row]:
    """Give what is drawn: the three views of all records, then each error class."""
    rows = [Row("All pairs", found.pairs), Row("Whole persons", found.whole), Row("B-cubed", found.bcubed)]
    return [*rows, *(Row(name, measure) for name, measure in found.classes.items())][:ROWS_MAX]


def svg(title: str, rows: Sequence[Row]) -> str:
    """Draw the chart; no script, no font or file from elsewhere."""
    start = axis_start([share for row in rows for share in row.measure])
    height = _TOP + _ROW * len(rows) + 40
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    look = 'role="img" aria-labelledby="t d" font-family="Arial, sans-serif" font-size="14"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>',
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(_described(rows))}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="30" font-size="18" font-weight="bold">{escape(title)}</text>',
        *_legend(start),
        *_grid(start, height),
    ]
    for number, row in enumerate(rows):
        parts += _drawn(row, _TOP + _ROW * number + 8, start)
    return "\n".join([*parts, "</svg>", ""])


def axis_start(shares: Sequence[Share]) -> float:
    """Give where the axis begins: a round number a little below every interval, 0 where one reaches the lower half.

    >>> axis_start([Share(1, 1, 1.0, 0.9962, 1.0)])
    0.995
    """
    lowest = min((share.low for share in shares if share.low is not None), default=0.0)
    return next((round(1 - width, 6) for width in _WIDTHS if width >= (1 - lowest) * 1.05), 0.0)


def bars(rows: Sequence[Row]) -> list[str]:
    """Draw bars for a terminal, on the axis that the caller is told in the first line."""
    start = axis_start([share for row in rows for share in row.measure])
    width = max(len(row.label) for row in rows)
    lines = [f"{'':{width}}  axis from {start:g} to 1"]
    for row in rows:
        for name, share in zip(MEASURES, row.measure, strict=True):
            label = row.label if name == MEASURES[0] else ""
            lines.append(f"{label:{width}}  {name:<9}  {_bar(share, start)}  {written(share)}")
    return lines


def written(share: Share) -> str:
    """Write a share with its interval and what it is of.

    >>> written(Share(99, 100, 0.99, 0.9455, 0.9982))
    '0.99000 (0.94550 to 0.99820), 99 of 100'
    """
    if share.value is None:
        return "nothing to say: 0 of 0"
    return f"{share.value:.5f} ({share.low:.5f} to {share.high:.5f}), {share.hits:,.0f} of {share.of:,.0f}"


def _bar(share: Share, start: float) -> str:
    """Draw one bar in eighths of a cell."""
    filled = 0.0 if share.value is None else max(share.value - start, 0.0) / (1 - start)
    eighths = round(filled * _BAR_CELLS * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(_BAR_CELLS)


def _described(rows: Sequence[Row]) -> str:
    """Say in words what is drawn, for whoever cannot see it."""
    return " ".join(
        f"{row.label}: "
        + ", ".join(f"{name} {written(share)}" for name, share in zip(MEASURES, row.measure, strict=True))
        + "."
        for row in rows
    )


def _x(value: float, start: float) -> float:
    """Give where a value stands."""
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (max(value, start) - start) / (1 - start)


def _legend(start: float) -> list[str]:
    """Draw what each form means, and say where the axis begins."""
    parts = []
    for number, name in enumerate(MEASURES):
        x, y = _LEFT + 110 * number, 56
        parts.append(_form(number, x, y))
        parts.append(f'<text x="{x + 12}" y="{y + 5}">{name}</text>')
    words = f"95 % intervals; the axis begins at {start:g}"
    parts.append(f'<text x="{_WIDTH - 20}" y="61" text-anchor="end">{words}</text>')
    return parts


def _grid(start: float, height: int) -> list[str]:
    """Draw five lines across."""
    parts = []
    for number in range(6):
        value = start + (1 - start) * number / 5
        x = _x(value, start)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{height - 34}" stroke="#d8dde0"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 14}" text-anchor="middle">{value:.6g}</text>')
    return parts


def _drawn(row: Row, y: float, start: float) -> list[str]:
    """Draw one row: label, three points with intervals, F1 in figures."""
    label = row.label if len(row.label) <= 30 else f"{row.label[:29]}…"  # noqa: PLR2004 - what fits
    parts = [f'<text x="{_LEFT - 14}" y="{y + 15}" text-anchor="end">{escape(label)}</text>']
    for number, share in enumerate(row.measure):
        if share.value is None or share.low is None or share.high is None:
            continue
        at = y + 11 * number
        parts.append(
            f'<line x1="{_x(share.low, start):.1f}" y1="{at}" x2="{_x(share.high, start):.1f}" y2="{at}"'
            f' stroke="{_COLOURS[number]}" stroke-width="2"/>'
        )
        parts.append(_form(number, _x(share.value, start), at))
    f1 = row.measure.f1.value
    figure = "no pairs" if f1 is None else f"F1 {f1:.5f}"
    parts.append(f'<text x="{_WIDTH - 20}" y="{y + 15}" text-anchor="end">{figure}</text>')
    return parts


def _form(number: int, x: float, y: float) -> str:
    """Draw a measure's form."""
    return _FORMS[number].format(x=x, y=y, a=x - 4.5, b=y - 4.5, b0=y - 6, c=_COLOURS[number])
