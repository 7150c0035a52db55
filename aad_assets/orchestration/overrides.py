"""What a run's config changes of how tables are published: gates opened, reload modes. Not here: the gates themselves."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

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
    """Options by table: as the entities say, with this run's overrides.

    Raises ConfigurationError for a table, gate or mode that there is not.
    """
    tables = {entity.table: entity for entity in entities}
    for name in {*allow, *modes} - tables.keys():
        raise ConfigurationError(f"the run's config names {name!r}, which is no table of this run.")
    options = {table: Options.of(entity) for table, entity in tables.items()}
    for table, names in allow.items():
        if unknown := set(names) - set(OPENABLE):
            raise ConfigurationError(
                f"allow: {table}: {sorted(unknown)} in the run's config: a gate is one of {', '.join(OPENABLE)}."
            )
        gates = replace(options[table].gates, open=frozenset(Gate(name) for name in names))
        options[table] = replace(options[table], gates=gates)
    for table, mode in modes.items():
        if mode not in RELOAD_MODES or tables[table].shape is Shape.LOG:
            raise ConfigurationError(
                f"modes: {table}: {mode} in the run's config: a mode is one of {', '.join(RELOAD_MODES)}; logs are merged."
            )
        options[table] = replace(options[table], mode=Mode(mode))
    return options


def how_to_override(op: str, outcome: Outcome | ViewOutcome, given: Mapping[str, Mapping[str, object]]) -> str:
    """The whole run config that publishes a blocked load all the same, for `dagster asset materialize`; else nothing.

    `given`: what this run's config overrides already.
    """
    error = outcome.error if isinstance(outcome, Outcome) else None
    if not isinstance(error, LoadBlocked) or error.override is None:
        return ""
    names = [name for name in ("allow", "modes") if given.get(name) or name in error.override]
    config = {name: {**given.get(name, {}), **error.override.get(name, {})} for name in names}
    return f" In full: --config-json '{json.dumps({'ops': {op: {'config': config}}})}'"
