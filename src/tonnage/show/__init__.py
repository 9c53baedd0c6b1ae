"""Tables, plots and the card as text, JSON and CSV."""
