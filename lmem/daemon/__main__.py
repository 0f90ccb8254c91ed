"""`python -m lmem.daemon`: the daemon, in the foreground, or with --detached as a start on demand.

Not a command for people: `lmem daemon run` and `lmem daemon start` lead here.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    """Run the daemon of this environment; the exit status.

    --detached leaves the process that spawned it: the parent ends at once, so that nobody has to wait for a child.
    """
    detached = arguments == ["--detached"]
    if arguments and not detached:
        print("Usage: python -m lmem.daemon [--detached]", file=sys.stderr)
        return 2
    if detached and os.fork():
        os._exit(0)
    from lmem.daemon import lifecycle
    from lmem.daemon.bootstrap import build
    from lmem.paths import paths

    return lifecycle.run(paths(), build, detached=detached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
