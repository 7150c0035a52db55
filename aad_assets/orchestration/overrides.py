"""The part of a run's config that changes how tables are published: open gates and reload modes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.entity import RELOAD_MODES
from aad_assets.errors import ConfigurationError, LoadBlocked
from aad_assets.reload import Outcome
from aad_assets.warehouse.publishing.gates import OPENABLE, Gate
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets.warehouse.publishing.views import ViewOutcome


def run_options(
    entities: Sequence[Entity],
    allow: Mapping[str, Sequence[str]],
    modes: Mapping[str, str],
) -> dict[str, Options]:
    """Return the options by table: those that the entities declare, with the overrides of this run.

    Raises ConfigurationError for an unknown table, gate or mode.
    """
    tables = {entity.table: entity for entity in entities}
    for name in {*allow, *modes} - tables.keys():
        raise ConfigurationError(
            f"The run's config names {name!r}, which is not a table of this run. Select its asset, or remove the name."
        )
    options = {table: Options.of(entity) for table, entity in tables.items()}
    for table, names in allow.items():
        if unknown := sorted(set(names) - set(OPENABLE)):
            raise ConfigurationError(
                f"allow.{table} in the run's config has {', '.join(map(repr, unknown))}. "
                f"Gates that can be opened are {', '.join(OPENABLE)}."
            )
        gates = replace(options[table].gates, open=frozenset(Gate(name) for name in names))
        options[table] = replace(options[table], gates=gates)
    for table, mode in modes.items():
        if tables[table].shape is Shape.LOG:
            raise ConfigurationError(f"modes.{table} in the run's config is {mode!r}. Remove it: logs are always merged.")
        if mode not in RELOAD_MODES:
            raise ConfigurationError(
                f"modes.{table} in the run's config is {mode!r}. Choose one of {', '.join(RELOAD_MODES)}."
            )
        options[table] = replace(options[table], mode=Mode(mode))
    return options


def override_config(
    op: str, outcome: Outcome | ViewOutcome, allow: Mapping[str, object], modes: Mapping[str, object]
) -> dict[str, Any] | None:
    """Return the whole run config that publishes a blocked load; None for other outcomes.

    `allow` and `modes` are what the present run's config overrides already.
    """
    error = outcome.error if isinstance(outcome, Outcome) else None
    if not isinstance(error, LoadBlocked) or error.override is None:
        return None
    present = {"allow": allow, "modes": modes}
    names = [name for name in present if present[name] or name in error.override]
    config = {name: {**present[name], **error.override.get(name, {})} for name in names}
    return {"ops": {op: {"config": config}}}


def describe_override(
    op: str, outcome: Outcome | ViewOutcome, allow: Mapping[str, object], modes: Mapping[str, object]
) -> str:
    """Return the sentence with the config of `override_config`, starting with a space; empty if there is none."""
    config = override_config(op, outcome, allow, modes)
    return f" The full option is --config-json '{json.dumps(config)}'" if config else ""
