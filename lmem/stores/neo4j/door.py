"""The one door to a Neo4j server: each call has a time limit, and every error of the driver becomes one of ours.

Not what is asked (lmem.stores.neo4j.copy and answers). The password goes to the driver and nowhere else.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from lmem.errors import InvalidInput, StoreDown, StoreUnavailable
from lmem.stores.breaker import Breaker
from lmem.stores.neo4j.address import MEANWHILE, Address

if TYPE_CHECKING:
    from neo4j import AsyncDriver, AsyncResult, AsyncTransaction

DRIVER = "lmem.stores.neo4j.driver"
"""Imported in a thread when the first connection is made."""

ANSWERS = 8
"""A transaction that writes is this many answers at most, each of which may take as long as is waited for one."""

CLOSING = 1.0
"""Seconds to say goodbye."""

Row = list[Any]
T = TypeVar("T")


class Transaction:
    """One transaction. Each answer within it has the time limit."""

    def __init__(self, transaction: AsyncTransaction, timeout: float) -> None:
        self._transaction = transaction
        self._timeout = timeout

    async def rows(self, query: str, parameters: Mapping[str, object] | None = None) -> list[Row]:
        """Every row of a query, as a list of values. Raises InvalidInput for a value that has no form there."""
        async with asyncio.timeout(self._timeout):
            return await (await self._run(query, parameters or {})).values()

    async def explain(self, query: str, parameters: Mapping[str, object] | None = None) -> tuple[str, set[str]]:
        """The kind of a query ('r' when it only reads) and the operators of its plan; it is not run."""
        async with asyncio.timeout(self._timeout):
            summary = await (await self._run(f"EXPLAIN {query}", parameters or {})).consume()
        return summary.query_type or "", _operators(summary.plan or {})

    async def table(
        self, query: str, limit: int, parameters: Mapping[str, object] | None = None
    ) -> tuple[list[str], list[Row]]:
        """The names of a query's columns and its first rows."""
        async with asyncio.timeout(self._timeout):
            result = await self._run(query, parameters or {})
            rows = [record.values() for record in await result.fetch(limit)]
            return list(result.keys()), rows

    async def _run(self, query: str, parameters: Mapping[str, object]) -> AsyncResult:
        try:
            return await self._transaction.run(query, dict(parameters))
        except (OverflowError, ValueError, TypeError) as err:
            raise InvalidInput(f"Neo4j cannot hold a value: {err}.") from err


Work = Callable[[Transaction], Awaitable[T]]


class Door:
    """Calls to one server, from one event loop. `password` is asked for in a thread, once for each log-in.

    `version` is the server's, once it has answered.
    """

    def __init__(self, address: Address, password: Callable[[], str | None], breaker: Breaker | None = None) -> None:
        self.address = address
        self.version: str | None = None
        self._password = password
        self._breaker = breaker or Breaker()
        self._attempt: asyncio.Task[AsyncDriver] | None = None
        self._driver: AsyncDriver | None = None
        self._module: ModuleType | None = None

    @property
    def trouble(self) -> StoreUnavailable | None:
        """Why the server is left alone for the moment."""
        return self._breaker.trouble

    async def read(self, work: Work[T], blame: bool = True) -> T:
        """What `work` answers in a transaction that cannot write, all of it within the time limit.

        Raises StoreDown when the server does not answer in time, is left alone for a while or refuses the password;
        InvalidInput for a query or a value that it does not take. `blame` says that it is the server's fault when it
        takes too long: not so with a query of the user's own.
        """
        limit = self.address.timeout
        return await self._asked(work, "READ", limit, limit, blame)

    async def write(self, work: Work[T], patience: float | None = None) -> T:
        """What `work` answers in a transaction, durable when this returns. It may be run twice, once without effect.

        Each answer has the time limit, or `patience` seconds. Raises as `read` does.
        """
        each = patience or self.address.timeout
        return await self._asked(work, "WRITE", each, each * ANSWERS)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._attempt is not None:  # a log-in that is cut short would leave its socket open
            await asyncio.wait([self._attempt], timeout=CLOSING)
        if self._attempt is not None:
            self._attempt.cancel()
        driver, self._driver = self._driver, None
        if driver is not None:
            await _ended(driver)

    async def _asked(self, work: Work[T], mode: str, each: float, whole: float, blame: bool = True) -> T:
        self._breaker.check()
        module = await self._loaded()
        try:
            async with asyncio.timeout(whole):
                driver = self._driver or await self._login(module)
                try:
                    answer = await self._once(driver, work, mode, each, whole)
                except module.ERRORS as err:
                    if not module.again(err):
                        raise
                    answer = await self._once(driver, work, mode, each, whole)
        except TimeoutError as err:
            late = StoreDown(f"Neo4j at {self.address.shown} did not answer within {each:g} s.", hint=MEANWHILE)
            raise self._breaker.failed(late) if blame else late from err
        except module.ERRORS as err:
            raise await self._translated(err, module) from err
        self._breaker.worked()
        return answer

    async def _once(self, driver: AsyncDriver, work: Work[T], mode: str, each: float, whole: float) -> T:
        async with driver.session(database=self.address.database, default_access_mode=mode) as session:
            async with asyncio.timeout(each):
                transaction = await session.begin_transaction(timeout=whole)
            async with transaction:
                answer = await work(Transaction(transaction, each))
                async with asyncio.timeout(each):
                    await transaction.commit()
        return answer

    async def _loaded(self) -> ModuleType:
        if self._module is None:
            self._module = await asyncio.to_thread(importlib.import_module, DRIVER)
        return self._module

    async def _login(self, module: ModuleType) -> AsyncDriver:
        """The driver, once it is logged in. Callers that come together share one attempt, which outlives them all."""
        if self._attempt is None:
            self._attempt = asyncio.create_task(self._connected(module))
            self._attempt.add_done_callback(self._attempted)
        return await asyncio.shield(self._attempt)

    def _attempted(self, attempt: asyncio.Task[AsyncDriver]) -> None:
        self._attempt = None
        if not attempt.cancelled():
            attempt.exception()  # has been told to whoever still waited

    async def _connected(self, module: ModuleType) -> AsyncDriver:
        try:
            password = await asyncio.to_thread(self._password) if self.address.user else None
            made: AsyncDriver = module.connect(self.address, password)
        except InvalidInput as err:
            raise self._breaker.failed(StoreDown(err.message, hint=err.hint), refused=True) from err
        try:
            async with asyncio.timeout(self.address.timeout):
                self.version = (await made.get_server_info()).agent.partition("/")[2] or None
        except BaseException as err:
            if isinstance(err, module.ERRORS) and module.refused(err):
                self._breaker.failed(module.translate(err, self.address), refused=True)
            await _ended(made)
            raise
        self._driver = made
        return made

    async def _translated(self, err: Exception, module: ModuleType) -> Exception:
        found: Exception = module.translate(err, self.address)
        if not isinstance(found, StoreDown):
            self._breaker.worked()
            return found
        refused: bool = module.refused(err)
        if refused:
            await self.close()  # the next log-in asks for the password again
        return self._breaker.failed(found, refused)


async def _ended(driver: AsyncDriver) -> None:
    try:
        async with asyncio.timeout(CLOSING):
            await driver.close()
    except TimeoutError:
        return  # nobody is there to say goodbye to


def _operators(plan: Mapping[str, Any]) -> set[str]:
    found = {str(plan.get("operatorType", "")).partition("@")[0]}
    for child in plan.get("children", ()):
        found |= _operators(child)
    return found
