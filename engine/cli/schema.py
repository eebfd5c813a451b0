"""schema: show the event types and their fields."""

from __future__ import annotations

import json

import click

from engine.cli import output


@click.command()
@click.argument("name", required=False, metavar="[TYPE]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text",
              help="json: the JSON Schema of what `decode --format json` writes, on one line.")  # fmt: skip
@click.option(
    "--detection",
    "of_detection",
    is_flag=True,
    help="The JSON Schema of a detection's file instead, for editors.",
)
def command(name: str | None, form: str, of_detection: bool) -> None:
    """Show the event types, or the fields of one TYPE with kind, meaning and sources."""
    if of_detection:
        from dsl.envelope_schema import envelope_schema  # noqa: PLC0415 - starts fast

        click.echo(json.dumps(envelope_schema(), indent=2))
        return
    from dsl.schema.derive import json_schema  # noqa: PLC0415 - starts fast
    from dsl.schema.registry import event_types  # noqa: PLC0415

    if name is not None and name not in event_types():
        import difflib  # noqa: PLC0415 - only for a slip

        near = difflib.get_close_matches(name, event_types(), n=1)
        output.fail(
            f"there is no event type `{name}`", f"did you mean `{near[0]}`?" if near else ""
        )
    if form == "json":
        schema = json_schema()
        if name is not None:
            schema = schema["$defs"][event_types()[name].struct.__name__]
        click.echo(json.dumps(schema))
        return
    if name is None:
        for event in event_types().values():
            click.echo(f"{click.style(event.name, bold=True):<30} {event.meaning}")
        return
    event = event_types()[name]
    click.echo(f"{click.style(name, bold=True)}: {event.meaning}")
    for own in (True, False):
        click.echo("\nown fields" if own else "\nfields of every event")
        for column in event.columns.values():
            if column.common is not own:
                kind = ("list " if column.many else "") + column.field.kind
                unit = f" ({column.field.unit})" if column.field.unit else ""
                click.echo(f"  {column.name:<24} {kind + unit:<16} {column.field.meaning}")
                if column.field.sources:
                    click.echo(click.style(f"  {'':<24} {'':<16} {column.field.sources}", dim=True))
