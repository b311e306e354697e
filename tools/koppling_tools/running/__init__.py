"""`koppling run`: from the words of a command line to a call, and to what is printed of it."""
