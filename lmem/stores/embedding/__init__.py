"""The embedder port: models on disk and engines that run them.

Not a place for code, with one exception: ONNX Runtime (1.29 and later) reports its use to its maker unless it is told
not to before it is imported, so the package that holds all its imports says so. Child processes inherit it.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
