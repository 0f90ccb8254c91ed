"""`python -m lmem.stores.qdrant.optimise DIR`: optimise every collection of a generation in place, and exit.

Not for a generation that anybody has open. A process of its own, at the lowest priority, because Edge's `optimize`
holds the interpreter lock for a minute at 40,000 points. It dies with its parent; a half optimised copy is dropped.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from qdrant_edge import EdgeShard

from lmem.ports.vectors import COLLECTIONS
from lmem.stores.lifeline import die_with_parent, set_process_name


def optimise(generation: Path) -> None:
    """Optimise until Edge plans nothing more, and flush."""
    for name in COLLECTIONS:
        shard = EdgeShard.load(str(generation / name))
        shard.optimize()
        shard.flush()
        shard.close()


def main() -> None:
    """Read the directory from the command line."""
    parent = os.getppid()
    die_with_parent(parent)
    set_process_name("lmem-optimise")
    os.nice(19)
    optimise(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
