"""A small plot for a terminal: a curve of dots, four to the line and two to the column. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of the dots of a Braille character, by row and column (Unicode, U+2800)."""
_EMPTY = 0x2800
_CHOSEN = "●"


class Plot(NamedTuple):
    """What is drawn: a curve from the lower left to the upper right, a mark on it, and what stands at its axes."""

    points: Sequence[tuple[float, float]]
    """x and y, ascending in both."""
    mark: tuple[float, float]
    x_labels: tuple[str, str]
    """What stands at the left end, and at the right."""
    y_labels: tuple[str, str, str]
    """What stands at the bottom, at the mark, and at the top."""


def draw(plot: Plot, width: int = 80, height: int = 10) -> str:
    """Return the plot in lines of `width` characters at most, `height` of them and two for the axis."""
    label_width = max(map(len, plot.y_labels))
    columns = width - label_width - 3
    cells = _curve(plot.points, columns, height)
    column, row = _cell_of(plot.mark, plot.points[-1], columns, height)
    labels = {0: plot.y_labels[2], height - 1: plot.y_labels[0], row: plot.y_labels[1]}
    lines = []
    for number, dots in enumerate(cells):
        text = "".join(chr(_EMPTY + bits) if bits else " " for bits in dots)
        if number == row:
            text = text[:column] + _CHOSEN + text[column + 1 :]
        label = labels.get(number, "")
        lines.append(f"{label:>{label_width}} {'┤' if label else '│'}{text}")
    lines.append(f"{'':{label_width}} └{'─' * columns}")
    left, right = plot.x_labels
    lines.append(f"{'':{label_width}}  {left}{right:>{columns - len(left)}}")
    return "".join(line.rstrip() + "\n" for line in lines)


def _curve(points: Sequence[tuple[float, float]], columns: int, height: int) -> list[list[int]]:
    """Return the bits of each cell, line by line from the top: for each column of dots the height of the curve there."""
    cells = [[0] * columns for _ in range(height)]
    x_most, y_most = points[-1]
    before = 0
    for x in range(columns * 2):
        y = _at(points, x_most * x / (columns * 2 - 1))
        level = min(int(y / y_most * height * 4), height * 4 - 1) if y_most else 0
        for dot in range(min(before + 1, level) if x else level, level + 1):
            from_top = height * 4 - 1 - dot
            cells[from_top // 4][x // 2] |= _DOTS[from_top % 4][x % 2]
        before = level
    return cells


def _at(points: Sequence[tuple[float, float]], x: float) -> float:
    """Return the height of the line through the points."""
    for (x_before, y_before), (x_next, y_next) in pairwise(points):
        if x <= x_next:
            share = (x - x_before) / (x_next - x_before) if x_next > x_before else 1.0
            return y_before + share * (y_next - y_before)
    return points[-1][1]


def _cell_of(mark: tuple[float, float], most: tuple[float, float], columns: int, height: int) -> tuple[int, int]:
    """Return column and line of a point."""
    column = int(mark[0] / most[0] * (columns - 1)) if most[0] else 0
    level = min(int(mark[1] / most[1] * height * 4), height * 4 - 1) if most[1] else 0
    return min(column, columns - 1), (height * 4 - 1 - level) // 4
