"""The generator of the catalogue's data: `schema.json` and `meanings.json`, from the files that Microsoft publishes."""
