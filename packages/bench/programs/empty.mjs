// Nothing: what is left is what starting takes.
void 0
