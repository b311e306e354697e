"""The subcommands: one file each, each with one `command`."""
