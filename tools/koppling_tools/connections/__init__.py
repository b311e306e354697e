"""`koppling connection`: what is stored, and a person's sign-in."""
