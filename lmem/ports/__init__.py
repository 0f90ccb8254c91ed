"""What a service may ask of a store, as protocols."""
