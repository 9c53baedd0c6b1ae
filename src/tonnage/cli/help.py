"""tonnage help"""

import click


@click.command(epilog="Example: tonnage help exit-codes")
@click.argument("topic", required=False, metavar="[TOPIC]")
@click.pass_context
def command(ctx: click.Context, topic: str | None) -> None:
    """Explain a topic, or a command. Without TOPIC: what there is to explain."""
    from tonnage.cli.topics import TOPICS, listed
    from tonnage.errors import UsageError
    from tonnage.formats.closest import meant

    program = ctx.find_root()
    if topic is None:
        click.echo(listed({name: found.title for name, found in TOPICS.items()}), nl=False)
        return
    if topic in TOPICS:
        click.echo(TOPICS[topic].text(), nl=False)
        return
    group = program.command
    found = group.get_command(program, topic) if isinstance(group, click.Group) else None
    if found is None:
        raise UsageError(f"there is no topic `{topic}`", meant(topic, TOPICS, "tonnage help"))
    click.echo(found.get_help(click.Context(found, info_name=topic, parent=program)))
