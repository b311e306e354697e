"""`koppling explain`: what a name and inputs come to, and which lines of the spec make it so."""
