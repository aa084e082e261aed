"""settings -> train, evaluate, predict, cost: one file for each, and what they share."""
