"""Progress on the terminal: a bar per week where there is a terminal, a line per step elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

STEPS = ("queued", "extracting", "simulating", "forecasting", "explaining", "done")


class WeekProgress:
    """Shows each week's step. Never starts a thread: the local runner forks while it shows."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._start = time.monotonic()
        self._bars: dict[str, object] = {}
        self._progress = Progress(
            TextColumn("{task.description:<12}"), BarColumn(), TextColumn("{task.fields[step]}"),
            TimeElapsedColumn(), console=self._console, auto_refresh=False,
        )  # fmt: skip

    def __enter__(self) -> "WeekProgress":
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, subject: str, step: str) -> None:
        """Show that `subject` (a menu week, a step of the plan) has reached `step`."""
        if not self._console.is_terminal:
            elapsed = time.monotonic() - self._start
            self._console.print(f"[{elapsed:6.1f} s] {subject}: {step}", markup=False)
            return
        if subject not in self._bars:
            self._bars[subject] = self._progress.add_task(subject, total=len(STEPS) - 1, step=step)
        done = STEPS.index(step) if step in STEPS else None
        self._progress.update(self._bars[subject], completed=done, step=step)  # type: ignore[arg-type]
        self._progress.refresh()
