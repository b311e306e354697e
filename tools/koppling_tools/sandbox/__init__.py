"""Local servers that answer as a vendor would: from a connector's own examples, or from models on this machine."""
