"""One transaction for several requests: each but the first in a savepoint of its own, all answered together.

Not the queue or the thread (writer.py).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lmem.errors import Internal, LmemError
from lmem.stores.sqlite.faults import spoils_connection, translate

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One unit of work: all of it is committed, or none. A `large` one, of thousands of statements, comes first in its
    transaction: in a savepoint each statement costs more than the one before (SQLite walks all that it keeps).
    """

    work: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    large: bool = False
    committed: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request gets after the commit: a value, or the error it raised."""

    future: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None
    committed: Callable[[], None] | None = None


class TransactionLost(Exception):
    """The transaction of all requests is gone; `cause` says why."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


def run_batch(connection: sqlite3.Connection, requests: Iterator[Request]) -> list[Answer]:
    """Run `requests` in one transaction; their answers, true after this returns.

    Raises TransactionLost, with the answers of nobody, when the transaction could not begin, go on or commit; the
    requests taken so far have to be answered by the caller then.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        answers: list[Answer] = []
        for request in requests:
            answers.append(_attempt(connection, request) if answers else _begin(connection, request))
        connection.execute("COMMIT")
    except sqlite3.Error as err:
        raise TransactionLost(err) from err
    return answers


def failed(cause: BaseException) -> LmemError | BaseException:
    """What a caller is told about `cause`."""
    if isinstance(cause, StopIteration):  # a future takes none
        return Internal("A write failed inside the daemon: StopIteration.")
    return translate(cause) if isinstance(cause, sqlite3.Error) else cause


def deliver(answers: Sequence[Answer]) -> None:
    """Answer from the writer's thread: one wake-up for each event loop, however many answers."""
    waiting: dict[asyncio.AbstractEventLoop, list[Answer]] = {}
    for answer in answers:
        waiting.setdefault(answer.future.get_loop(), []).append(answer)
    for loop, its_answers in waiting.items():
        try:
            loop.call_soon_threadsafe(_resolve, its_answers)
        except RuntimeError:  # the loop was closed: nobody waits in it
            if not loop.is_closed():
                raise


def _begin(connection: sqlite3.Connection, request: Request) -> Answer:
    """The first request: when it fails, the transaction begins anew."""
    try:
        return Answer(request.future, request.work(connection), committed=request.committed)
    except Exception as err:  # the caller's own error, whatever it is: it goes to the caller alone
        _still_in_transaction(connection, err)
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        return Answer(request.future, error=failed(err))


def _attempt(connection: sqlite3.Connection, request: Request) -> Answer:
    """The request in a savepoint: one that fails takes nothing of the others with it."""
    connection.execute("SAVEPOINT request")
    try:
        value = request.work(connection)
    except Exception as err:  # the caller's own error, whatever it is: it goes to the caller alone
        _still_in_transaction(connection, err)
        connection.execute("ROLLBACK TO request")
        connection.execute("RELEASE request")
        return Answer(request.future, error=failed(err))
    connection.execute("RELEASE request")
    return Answer(request.future, value, committed=request.committed)


def _still_in_transaction(connection: sqlite3.Connection, err: Exception) -> None:
    """Raises TransactionLost when a request's error has ended the transaction of all, or spoilt the connection."""
    if not connection.in_transaction or (isinstance(err, sqlite3.Error) and spoils_connection(err)):
        raise TransactionLost(err) from err


def _resolve(answers: Sequence[Answer]) -> None:
    for answer in answers:
        try:
            if answer.committed is not None:
                answer.committed()
        except Exception as err:  # a bug of who listens: the rows are on the disk, and everybody has to hear that
            _LOG.critical("a listener failed after a commit", exc_info=err)
    for answer in answers:
        if answer.future.done():  # cancelled while it waited
            continue
        if answer.error is not None:
            answer.future.set_exception(answer.error)
        else:
            answer.future.set_result(answer.value)
