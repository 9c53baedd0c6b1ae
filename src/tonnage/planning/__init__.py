"""What is wanted turned into a plan, what it is refused and protected from, and what came of it."""
