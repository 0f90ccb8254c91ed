"""Pure rules: records, layers, routing, queries, ranking. No input or output."""
