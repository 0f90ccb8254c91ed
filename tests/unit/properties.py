"""How property tests run: bounded, without a database of examples, the same examples every time.

Not a strategy; a failure found elsewhere becomes a case of its own in the test's table.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

PROPERTY = settings(
    deadline=None,
    max_examples=60,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
