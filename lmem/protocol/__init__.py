"""What both sides of the socket know. Imports the standard library and lmem.errors only."""
