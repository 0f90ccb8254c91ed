"""The embedder: ONNX Runtime or sentence-transformers in the index worker."""
