"""A registry over HTTP -> inventory: one step a file, in the order of `run`."""
