"""Very small pictures for asset metadata: bars as a PNG of a few hundred bytes.

What belongs here: pixels that fit into the 1,000 characters Dagster shows inline in a list. What
does not: charts for people to print (sitecast.publish.charts).
"""

import base64
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

BAR_WIDTH, GAP, HEIGHT = 9, 2, 36
MAX_BARS = 40
PALETTE = bytes((255, 255, 255, 76, 120, 168, 214, 69, 65, 90, 90, 90, 168, 194, 222))
BACKGROUND, BAR, FULL_BAR, LIMIT, DOWN = range(5)


def bars_png(
    values: Sequence[float], limits: Sequence[float | None], full: Sequence[bool]
) -> bytes:
    """One bar per value, red where `full`, with a grey line at its limit.

    Args:
        values: heights, at least 0; the first MAX_BARS are drawn.
        limits: line above each bar, in the same unit; None draws no line.
        full: bars to draw in red.
    """
    bars = list(zip(values, limits, full, strict=True))[:MAX_BARS]
    tallest = max([1.0, *(max(value, limit or 0.0) for value, limit, _ in bars)])
    pixels = np.zeros((HEIGHT, max(1, len(bars)) * (BAR_WIDTH + GAP)), dtype=np.uint8)
    for position, (value, limit, is_full) in enumerate(bars):
        left = position * (BAR_WIDTH + GAP)
        top = HEIGHT - round(value / tallest * HEIGHT)
        pixels[top:, left : left + BAR_WIDTH] = FULL_BAR if is_full else BAR
        if limit is not None:
            line = min(HEIGHT - 1, HEIGHT - round(limit / tallest * HEIGHT))
            pixels[line, left : left + BAR_WIDTH] = LIMIT
    return _png(pixels)


def steps_png(changes: Sequence[float]) -> bytes:
    """A waterfall: a step per change, down lighter, and the whole change in grey at the end.

    Args:
        changes: up (above 0) or down, in the order in which they happen; the first MAX_BARS - 1
            are drawn.
    """
    shown = list(changes)[: MAX_BARS - 1]
    ends = np.concatenate([[0.0], np.cumsum(shown)])
    spans = [*pairwise(ends), (0.0, ends[-1])]
    low, high = ends.min(), ends.max()
    scale = (HEIGHT - 1) / max(high - low, 1e-9)
    pixels = np.zeros((HEIGHT, len(spans) * (BAR_WIDTH + GAP)), dtype=np.uint8)
    for position, (start, end) in enumerate(spans):
        left = position * (BAR_WIDTH + GAP)
        top, bottom = (
            round((high - level) * scale) for level in (max(start, end), min(start, end))
        )
        colour = LIMIT if position == len(shown) else BAR if end >= start else DOWN
        pixels[top : bottom + 1, left : left + BAR_WIDTH] = colour
    return _png(pixels)


def inline_image(png: bytes, alternative: str) -> str:
    """Markdown that shows a PNG without a link to anywhere."""
    return f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})"


def _png(pixels: np.ndarray) -> bytes:
    height, width = pixels.shape
    rows = np.hstack([np.zeros((height, 1), dtype=np.uint8), pixels])  # filter byte 0 per row
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", PALETTE), (b"IDAT", zlib.compress(rows.tobytes(), 9)),
              (b"IEND", b""))  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
