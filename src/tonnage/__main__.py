"""The program, and `python -m tonnage`. Until it can answer Ctrl-C in its own words, that ends it as the system does."""

import signal


def main() -> None:
    """Import the command line, which takes a moment, and run it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # `nohup` and a shell's `&` have it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from tonnage.cli import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
