"""Which category a memory belongs to: by its nearest neighbours among the user's own, else by prototypes.

Not a store and not a model: cosines come in, and a category comes out with its confidence, or none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NEAREST = 8
"""Neighbours that vote."""
LEAST_COSINE = 0.35
"""Below it two texts have nothing to do with each other: a neighbour that far has no vote."""
LEAST_CONFIDENCE = 0.55
"""Of neighbours: a category with less than that is not given."""
LEAST_PROTOTYPE = 0.34
LEAST_MARGIN = 0.08
"""Of prototypes: the least cosine, and the least lead over the next category."""
OWN_ENOUGH = 10
"""Memories that the user categorised, from which on only the user's own words are given."""

PROTOTYPES: Mapping[str, tuple[str, ...]] = {
    "architecture": (
        "the system is split into services that talk through an event queue",
        "we chose this design for the module boundaries and the layers between them",
        "a monolith or microservices, ports and adapters, dependencies that point one way",
    ),
    "testing": (
        "unit tests and integration tests with fixtures and mocks",
        "the test suite is flaky and its coverage is low",
        "mock the clock and test each property",
    ),
    "deployment": (
        "deploy the release to production with docker and kubernetes",
        "the CI pipeline builds and publishes the package",
        "roll back a release, staging and production servers, GitHub Actions",
    ),
    "performance": (
        "the query is slow, profile it and cut the latency",
        "memory usage and speed were measured with a benchmark",
        "caching and batching made it ten times faster",
    ),
    "security": (
        "authentication, permissions and passwords, tokens that leak",
        "a vulnerability allows an attacker to inject input",
        "rotate keys and secrets, hash passwords, CSRF and XSS",
    ),
    "database": (
        "the SQL schema needs a migration that adds a table and an index",
        "transactions, rows and locks in the database",
        "we store it in PostgreSQL, SQLite or Redis, with a column for each value",
    ),
    "debugging": (
        "the cause of the crash was found in the stack trace",
        "this bug raised an exception, the fix was to check for null",
        "a race condition, a deadlock, a segmentation fault",
    ),
    "documentation": (
        "write the README and the documentation of the options",
        "the docs explain how to use it, with examples and a changelog",
        "update the README with the steps to install it",
    ),
    "tooling": (
        "set up the editor, the linter and the formatter",
        "the build script and the dependencies of the development environment",
        "pre-commit hooks, ruff and black, VS Code settings, virtual environments",
    ),
    "interface": (
        "the button, the layout and the colours of the page",
        "the user interface of the web frontend and its components",
        "the dialog and the sidebar do not react to a click on a small screen",
    ),
    "api": (
        "the REST endpoint answers a request with JSON",
        "the public API changes its parameters in the next version",
        "GET returns a page of results and POST answers 201",
    ),
    "convention": (
        "we always name functions like this and never use that style",
        "the code style that everybody in the team follows",
        "tabs or spaces, names and commit messages are written this way",
    ),
}
"""Categories that are known without anybody's example, each by sentences that are typical of it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A category, how sure it is (0 to 1), and what it was told by: 'neighbours' or 'prototypes'."""

    category: str
    confidence: float
    by: str


def by_neighbours(neighbours: Iterable[tuple[str, float]]) -> Guess | None:
    """The category that the nearest neighbours (category, cosine) agree on, weighed by how near they are.

    Confidence is the winner's share of the votes, times the cosine of its best neighbour above LEAST_COSINE on a scale
    that reaches 1 at .75, where texts are about the same thing.
    """
    near = sorted((pair for pair in neighbours if pair[1] >= LEAST_COSINE), key=lambda pair: (-pair[1], pair[0]))
    votes: defaultdict[str, float] = defaultdict(float)
    best: dict[str, float] = {}
    for category, cosine in near[:NEAREST]:
        votes[category] += cosine - LEAST_COSINE + 0.05
        best.setdefault(category, cosine)
    if not votes:
        return None
    category = min(votes, key=lambda name: (-votes[name], name))
    nearness = min(1.0, 0.3 + 0.7 * (best[category] - LEAST_COSINE) / (0.75 - LEAST_COSINE))
    confidence = votes[category] / sum(votes.values()) * nearness
    return Guess(category, round(confidence, 2), "neighbours") if confidence >= LEAST_CONFIDENCE else None


def by_prototypes(prototypes: Iterable[tuple[str, float]]) -> Guess | None:
    """The category whose nearest prototype (category, cosine) is clearly the nearest. Confidence is its cosine."""
    best_of: dict[str, float] = {}
    for category, cosine in prototypes:
        best_of[category] = max(cosine, best_of.get(category, cosine))
    nearest = sorted(((cosine, category) for category, cosine in best_of.items()), reverse=True)
    if not nearest or nearest[0][0] < LEAST_PROTOTYPE:
        return None
    (best, category), second = nearest[0], nearest[1][0] if len(nearest) > 1 else 0.0
    return Guess(category, round(best, 2), "prototypes") if best - second >= LEAST_MARGIN else None
