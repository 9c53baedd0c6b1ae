"""The cheapest set of deletions as a problem of graphs. Knows nothing of registries."""
