"""Who is told how far the work is. Scan and apply know only `Monitor`; they never print."""


class Monitor:
    """Hears of progress and says nothing: for libraries, pipes and tests."""

    def begin(self, what: str, total: int) -> None:
        """Begin a stretch of work of `total` steps."""

    def advance(self, steps: int, files_count: int = 0) -> None:
        """Note that steps are done, and how many files that were."""

    def end(self) -> None:
        """Note that all is done."""


class TerminalMonitor(Monitor):
    """Draws a progress bar on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[files]:>18}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.progress.add_task("starting", total=None, files="")
        self.files_count = 0

    def begin(self, what: str, total: int) -> None:
        """Show a new stretch of work."""
        self.progress.start()  # not before: it starts a thread, and processes are forked while there is none
        self.progress.reset(self.task, total=total, description=what, files=self._files())

    def advance(self, steps: int, files_count: int = 0) -> None:
        """Move the bar."""
        self.files_count += files_count
        self.progress.update(self.task, advance=steps, files=self._files())

    def end(self) -> None:
        """Take the bar away."""
        self.progress.stop()

    def _files(self) -> str:
        """Return the number of files; nothing for work that is not about files."""
        return f"{self.files_count:,} files" if self.files_count else ""
