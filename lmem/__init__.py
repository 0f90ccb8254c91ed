"""lmem: long-term memory for software developers and the coding agents beside them."""
