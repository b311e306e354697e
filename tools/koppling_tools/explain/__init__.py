"""`koppling explain`: which module, operation and request a name and inputs come to, and from which lines of the spec."""
