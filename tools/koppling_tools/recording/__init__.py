"""Examples made from real calls.

A call is watched on the wire; what is secret in it gets a stand-in, in whatever spelling it stands there; the example
is replayed; and nothing is kept of which it is not proven that no secret is in it.
"""
