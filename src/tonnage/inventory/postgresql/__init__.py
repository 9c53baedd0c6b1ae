"""An inventory in PostgreSQL: the same tables and views, written there, asked there, and copied back."""
