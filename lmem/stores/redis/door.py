"""The one door to a Redis server: commands go out together, within a time limit; what goes wrong comes back as lmem's.

Not what the commands mean (cache.py). This module alone imports the driver.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from lmem.errors import StoreUnavailable
from lmem.stores.certificates import readable
from lmem.stores.redis.address import Address
from lmem.stores.redis.values import OTHER_KIND, Command

if TYPE_CHECKING:
    from redis.asyncio.client import Pipeline

_LOOK = "Look at that server."


class Refused(Exception):
    """What failed, as lmem says it; `for_good` when trying again at once can only do harm."""

    def __init__(self, error: StoreUnavailable, for_good: bool) -> None:
        super().__init__(error.message)
        self.error = error
        self.for_good = for_good


class Door:
    """Connections to one server, made as they are needed. Raises InvalidInput for certificates that cannot be read."""

    def __init__(self, address: Address, limit: float, user: str, password: str | None, ca_file: str) -> None:
        self._address = address
        self._limit = limit
        place: dict[str, object] = {"host": address.host, "port": address.port}
        if address.path:
            place = {"unix_socket_path": address.path}
        elif address.tls:
            place |= {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True}
            place |= {"ssl_ca_certs": readable(ca_file, "redis.ca_file")} if ca_file else {}
        self._redis = Redis(
            db=address.database, username=user or None, password=password, protocol=2, socket_timeout=limit,
            socket_connect_timeout=limit, retry=Retry(NoBackoff(), 0), **place,  # type: ignore[arg-type]
        )  # fmt: skip

    async def send(self, commands: Sequence[Command], whole: bool = False) -> list[object]:
        """The answers of commands that are sent in one go; with `whole` nothing of others comes between them.

        Raises Refused. A command that met another kind of value is answered by OTHER_KIND.
        """
        try:
            async with asyncio.timeout(self._limit):
                pipeline: Pipeline = self._redis.pipeline(transaction=whole)
                for command in commands:
                    pipeline.execute_command(*command)
                answers = await pipeline.execute(raise_on_error=False)
        except (exceptions.RedisError, OSError, TimeoutError, ValueError) as err:
            raise self._said(err) from err
        return [self._checked(answer) for answer in answers]

    async def drop_idle(self) -> None:
        """Close the connections that nobody uses now: after a fault of the network each may be a dead one."""
        try:
            async with asyncio.timeout(self._limit):
                await self._redis.connection_pool.disconnect(inuse_connections=False)
        except (exceptions.RedisError, OSError, TimeoutError):
            return  # they are dead indeed

    async def close(self) -> None:
        """Close every connection."""
        try:
            async with asyncio.timeout(self._limit):
                await self._redis.aclose()
        except (exceptions.RedisError, OSError, TimeoutError):
            return  # the server is gone, and its connections with it

    def _checked(self, answer: object) -> object:
        if isinstance(answer, exceptions.ResponseError):
            if str(answer).startswith("WRONGTYPE"):
                return OTHER_KIND
            raise self._said(answer) from answer
        return answer

    def _said(self, err: Exception) -> Refused:
        """What happened, in a sentence with the next step; the driver's own text may quote what was sent."""
        where = f"Redis at {self._address}"
        if isinstance(err, exceptions.NoPermissionError):
            hint = "Allow the user of redis.user this prefix and the commands of strings, lists, sets and hashes."
            return Refused(StoreUnavailable("Redis does not let this user do what a cache does.", hint=hint), True)
        if isinstance(err, exceptions.AuthenticationError | exceptions.AuthorizationError):
            hint = "Correct the file that redis.password_file names, or LMEM_REDIS_PASSWORD."
            return Refused(StoreUnavailable("Redis refused the password.", hint=hint), True)
        if isinstance(err, exceptions.TimeoutError | TimeoutError):
            hint = "Look at that server, and whether it speaks TLS on that port." if self._address.tls else _LOOK
            return _down(f"{where} did not answer within {self._limit:g} s.", hint)
        if _is_certificate(err):
            return _down(f"{where} has a certificate that is not trusted.", "Name its authority in redis.ca_file.")
        if (reason := _tls_reason(err)) is not None:
            if "CERTIFICATE_REQUIRED" in reason:
                return _down(f"{where} wants a certificate of lmem, which has none.", "Set tls-auth-clients no there.")
            return _down(f"{where} does not speak TLS as lmem does ({reason}).", "Correct redis.url, or that server.")
        if self._address.tls and any(isinstance(item, ConnectionResetError) for item in _causes(err)):
            # How it ends when a server wants a certificate: its reason is lost when lmem writes before it is read.
            return _down(f"{where} hung up.", "If it wants a certificate, set tls-auth-clients no there.")
        if isinstance(err, exceptions.OutOfMemoryError):
            return _down(f"{where} has no memory left.", "Give it a maxmemory-policy that evicts, such as allkeys-lru.")
        if isinstance(err, exceptions.ResponseError):
            return _down(f"{where} takes no commands now ({_kind(err)}).", "Look at that server's log.")
        return _down(f"{where} cannot be reached ({type(err).__name__}).", "Start that server, or correct redis.url.")


def _down(message: str, hint: str) -> Refused:
    return Refused(StoreUnavailable(message, hint=f"{hint} Answers only take longer meanwhile."), False)


def _kind(err: Exception) -> str:
    """Redis's own word for an error ('MISCONF'), else the driver's."""
    word = str(err).partition(" ")[0]
    return word if word.isupper() and word.isalpha() else type(err).__name__


def _is_certificate(err: BaseException) -> bool:
    return any(
        isinstance(item, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(item)
        for item in _causes(err)
    )


def _tls_reason(err: BaseException) -> str | None:
    """OpenSSL's word for why the two ends did not agree ('WRONG_VERSION_NUMBER'); None when it is not about TLS."""
    return next((item.reason or "SSL" for item in _causes(err) if isinstance(item, ssl.SSLError)), None)


def _causes(err: BaseException | None) -> Iterator[BaseException]:
    while err is not None:
        yield err
        err = err.__cause__ or err.__context__
