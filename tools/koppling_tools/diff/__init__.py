"""Two states of some specs, held against each other: what changed for callers, and which version that asks for."""
