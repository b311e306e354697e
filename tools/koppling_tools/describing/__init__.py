"""Modules, fields and schemas in the words of a person."""
