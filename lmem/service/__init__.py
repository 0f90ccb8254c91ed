"""What lmem does with memories. Knows ports and domain, never a store or a driver."""
