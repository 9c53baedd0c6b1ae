"""The seam: the tables, the SQL that fills and asks them, and the one door to the database."""
