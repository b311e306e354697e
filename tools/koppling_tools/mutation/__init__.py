"""Whether the examples of a module would notice a mistake: each thing that its spec says is changed in turn."""
