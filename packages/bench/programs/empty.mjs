// Nothing: what is left is what starting takes.
