"""A storage listed and read into the tables of an inventory."""
