"""The language server: what an editor asks while somebody types, answered from the same engine as the command.

Data flows one way: `files` (open texts over the disk) → `scan` (YAML with places, however broken) → one answer a file.
Only `serve` knows the protocol's life, only `positions` its way of counting.
"""
