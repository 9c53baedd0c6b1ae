"""What a registry's storage holds and how it is named: paths and documents turned into values, without I/O."""
