"""docs/public-surface.md: every name that others may rely on, so that a review sees each change."""

import argparse
import inspect
from collections import defaultdict
from collections.abc import Iterator

import dagster as dg
from pydantic import BaseModel

import aad_assets
from aad_assets.cli import parser
from aad_assets.orchestration import EntraResource, WarehouseResource, build_definitions
from aad_assets.orchestration.assets import ReloadConfig
from aad_assets.orchestration.attributes import FIELDS, is_secret
from aad_assets.settings import Settings

PAGE = "public-surface.md"
_HEADING = """\
# Public surface

Names that users, scripts and other projects may rely on. Each keeps working as [CHANGELOG.md](../CHANGELOG.md) promises.
`make reference` writes this page, and a test fails if it is not up to date, so that a review sees every change of a name.
The columns are in [tables](tables/README.md) and [views.md](views.md), the settings in [settings.md](settings.md).
"""

_EVERYTHING = Settings(
    access_cron="20 * * * *", keep_history="400d", alert_webhook="https://hooks.contoso.example", reference_checks=True
)
"""With everything that a setting turns on."""


def page() -> str:
    """Return the page."""
    definitions = build_definitions(_EVERYTHING, environment={})
    sections = [_HEADING, *_dagster(definitions), *_resources(), *_python(), *_commands()]
    return "\n".join(sections).rstrip() + "\n"


def _dagster(definitions: dg.Definitions) -> Iterator[str]:
    repository = definitions.get_repository_def()
    groups: dict[str, list[str]] = defaultdict(list)
    for spec in definitions.resolve_all_asset_specs():
        groups[spec.group_name or ""].append(spec.key.to_user_string())
    yield "## Assets by group\n"
    for group, keys in sorted(groups.items()):
        yield from (f"### {group}\n", *(f"- `{key}`" for key in sorted(keys)), "")
    checks: dict[str, set[str]] = defaultdict(set)
    for check in repository.asset_graph.asset_check_keys:
        checks[check.name].add(check.asset_key.to_user_string())
    yield "## Checks\n"
    everything = {key for keys in groups.values() for key in keys}
    for name, keys_of in sorted(checks.items()):
        of = "every asset" if keys_of == everything else ", ".join(f"`{key}`" for key in sorted(keys_of))
        yield f"- `{name}`: {of}"
    yield "\n## Jobs, schedules and sensors\n"
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            yield f"- job `{job.name}`, with the tags {', '.join(f'`{tag}`' for tag in sorted(job.run_tags))}"
    for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name):
        yield f"- schedule `{schedule.name}` of `{schedule.job_name}`"
    yield from (f"- sensor `{sensor.name}`" for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name))
    yield ""


def _resources() -> Iterator[str]:
    for name, model in (("entra", EntraResource), ("warehouse", WarehouseResource)):
        yield f"## Resource `{name}`\n"
        yield from _fields(model)
    yield "## Config of a reload\n"
    yield from _fields(ReloadConfig)


def _fields(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"- `{name}`: `{getattr(field.annotation, '__name__', field.annotation)}`, default `{field.default!r}`"
    yield ""


def _python() -> Iterator[str]:
    yield "## Python\n"
    for name in aad_assets.__all__:
        value = getattr(aad_assets, name)
        if inspect.isfunction(value):
            yield f"- `aad_assets.{name}({', '.join(inspect.signature(value).parameters)})`"
        else:
            yield f"- `aad_assets.{name}`"
    yield "\n## Attributes of the component\n"
    yield from (f"- `{name}`{' (named only)' if is_secret(name) else ''}" for name in FIELDS)
    yield ""


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    yield from _command(parser())


def _command(of: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the arguments and options of a command, and then its subcommands. argparse's own help differs between Pythons."""
    yield f"### `{of.prog}`\n"
    subcommands: list[argparse.ArgumentParser] = []
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            subcommands += action.choices.values()
        elif not isinstance(action, argparse._HelpAction) and action.help != argparse.SUPPRESS:
            names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
            yield f"- {names}{_value(action)}: {(action.help or '').rstrip('.')}"
    yield ""
    for each in subcommands:
        yield from _command(each)


def _value(action: argparse.Action) -> str:
    if not action.option_strings or action.nargs == 0:
        return ""
    choices = "|".join(map(str, action.choices or ()))
    return f" `{action.metavar or choices or action.dest.upper()}`"
