"""tonnage completion"""

from pathlib import Path

import click

_PLACES = {
    "bash": ".local/share/bash-completion/completions/tonnage",
    "zsh": ".local/share/zsh/site-functions/_tonnage",
    "fish": ".config/fish/completions/tonnage.fish",
}
"""Where shells look, below the home folder. Zsh looks there only if its `fpath` says so."""
_WITH_COLONS = "COMP_WORDBREAKS=${COMP_WORDBREAKS//:}  # REPO:TAG is one word\n"


@click.command(
    epilog="""\b
Examples:
  eval "$(tonnage completion bash)"
  tonnage completion zsh --install"""
)
@click.argument("shell", type=click.Choice([*_PLACES]))
@click.option("--install", is_flag=True, help="Write it where the shell looks, below your home folder.")
@click.pass_context
def command(ctx: click.Context, shell: str, install: bool) -> None:
    """Print what makes a shell complete commands, files, and the names in the inventory."""
    from tonnage.cli.output import put, talk

    script = script_of(ctx.find_root().command, shell)
    if not install:
        put(script)
        return
    place = Path.home() / _PLACES[shell]
    place.parent.mkdir(parents=True, exist_ok=True)
    put(script, str(place))
    talk(f"{place} is written; it holds in the next shell")
    if shell == "zsh":
        talk(
            "if zsh does not look there, put into ~/.zshrc, before compinit: fpath+=(~/.local/share/zsh/site-functions)"
        )


def script_of(program: click.Command, shell: str) -> str:
    """Return the script for a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    script = found(program, {}, "tonnage", "_TONNAGE_COMPLETE").source().lstrip()
    return (_WITH_COLONS if shell == "bash" else "") + script
