"""The `koppling` command."""
