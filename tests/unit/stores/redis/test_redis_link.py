"""The way to a Redis server: whose prefix it is, passwords, TLS, and a server that goes and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from lmem.errors import Conflict, InvalidInput, LmemError, StoreUnavailable
from lmem.stores import breaker
from lmem.stores.redis.cache import RedisCache
from lmem.stores.redis.link import Server
from tests.contract.cachetwins import server_at
from tests.servers.faults import Fault, FaultProxy
from tests.servers.process import Unavailable, free_port
from tests.servers.redis import RedisServer, TlsRedisServer, self_signed

PASSWORD = "correct-horse-battery"


@pytest.fixture
def own_server(redis_server: RedisServer, tmp_path: Path) -> Iterator[RedisServer]:
    """A server that a test may kill."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def guarded(redis_server: RedisServer, tmp_path: Path) -> Iterator[RedisServer]:
    """A server with a password."""
    with RedisServer(tmp_path, PASSWORD) as server:
        yield server


@asynccontextmanager
async def opened(server: Server, instance: str = "instance-1") -> AsyncIterator[RedisCache]:
    cache = RedisCache(server, instance)
    try:
        await cache.open()
        yield cache
    finally:
        await cache.close()


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.01)


async def works(cache: RedisCache) -> bool:
    try:
        await cache.put({"probe": b"1"}, 60)
        return await cache.get([("probe", "string")]) == [b"1"]
    except StoreUnavailable:
        return False


def refusal(server: Server, instance: str = "instance-1") -> LmemError:
    """What opening a cache there raises."""

    async def run() -> None:
        async with opened(server, instance):
            pass

    with pytest.raises(LmemError) as refused:
        asyncio.run(run())
    return refused.value


def test_a_prefix_of_another_instance_is_refused_and_left_as_it_is(own_server: RedisServer) -> None:
    async def run() -> None:
        async with opened(server_at(own_server.url)) as mine:
            await mine.put({"one": b"mine"}, 60)
            with pytest.raises(Conflict, match="belong to another lmem") as refused:
                async with opened(server_at(own_server.url), "instance-2"):
                    pass
            assert "redis.prefix" in refused.value.hint
            async with opened(server_at(own_server.url, "other:"), "instance-2") as theirs:
                await theirs.put({"one": b"theirs"}, 60)
                assert await theirs.clear() == 1
            assert await mine.get([("one", "string")]) == [b"mine"]

    asyncio.run(run())


def test_a_refused_cache_takes_nothing(own_server: RedisServer) -> None:
    async def run() -> None:
        async with opened(server_at(own_server.url)):
            cache = RedisCache(server_at(own_server.url), "instance-2")
            with pytest.raises(Conflict):
                await cache.open()
            for attempt in (cache.put({"one": b"x"}, 60), cache.get([("one", "string")]), cache.clear()):
                with pytest.raises(StoreUnavailable, match="belong to another lmem"):
                    await attempt
            assert (await cache.facts()).state == "down"
            await cache.close()

    asyncio.run(run())


def test_clear_leaves_what_is_not_ours(own_server: RedisServer) -> None:
    async def run() -> None:
        async with Redis.from_url(own_server.url) as raw, opened(server_at(own_server.url, "l*[m]:")) as cache:
            await raw.mset({"l*[m]": 1, "lxm:one": 1, "llm:one": 1})
            await cache.put({f"name {number}": b"x" for number in range(1500)}, 60)
            assert await cache.clear() == 1500
            left = {key async for key in raw.scan_iter()}
            assert left == {b"l*[m]", b"lxm:one", b"llm:one", b"l*[m]:instance"}

    asyncio.run(run())


def test_a_server_that_was_emptied_is_noticed_and_marked_again(own_server: RedisServer) -> None:
    async def run() -> None:
        async with Redis.from_url(own_server.url) as raw, opened(server_at(own_server.url)) as cache:
            await cache.put({"one": b"x"}, 60)
            own_server.wipe()
            assert not await cache.is_marked()
            assert not await cache.is_marked(), "to look mends nothing"
            assert await cache.get([("one", "string")]) == [None]
            assert (await cache.facts()).wiped == 1
            assert await raw.get("lmem:instance") == b"instance-1"
            assert await cache.is_marked()
            assert await works(cache)

    asyncio.run(run())


def test_a_server_that_was_swapped_for_one_of_another_instance_is_left_alone(own_server: RedisServer) -> None:
    async def run() -> None:
        async with Redis.from_url(own_server.url) as raw, opened(server_at(own_server.url)) as cache:
            await raw.set("lmem:instance", "instance-2")
            await raw.set("lmem:one", "theirs")
            with pytest.raises(StoreUnavailable, match="belong to another lmem"):
                await cache.get([("one", "string")])
            assert (await cache.facts()).state == "down"

    asyncio.run(run())


def test_the_right_password_opens(guarded: RedisServer) -> None:
    async def run() -> None:
        async with opened(server_at(guarded.url, password=PASSWORD)) as cache:
            assert await works(cache)
            assert (await cache.facts()).version

    asyncio.run(run())


@pytest.mark.parametrize("password", [None, "wrong"])
def test_a_wrong_password_is_said_and_not_tried_again_soon(guarded: RedisServer, password: str | None) -> None:
    asked = []

    def ask() -> str | None:
        asked.append(password)
        return password

    async def run() -> None:
        server = Server(guarded.url, "lmem:", 5.0, "", ask, "")
        cache = RedisCache(server, "instance-1")
        with pytest.raises(StoreUnavailable, match=r"^Redis refused the password\.$") as refused:
            await cache.open()
        assert "redis.password_file" in refused.value.hint
        for _ in range(20):
            with pytest.raises(StoreUnavailable, match="refused the password"):
                await cache.get([("one", "string")])
            await asyncio.sleep(0)
        await cache.close()

    asyncio.run(run())
    assert len(asked) == 1, "one try, and then a pause"


def test_a_password_that_was_corrected_is_taken_up(guarded: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "REFUSED_PAUSE", 0.05)
    known = ["wrong"]

    async def run() -> None:
        cache = RedisCache(Server(guarded.url, "lmem:", 5.0, "", lambda: known[-1], ""), "instance-1")
        with pytest.raises(StoreUnavailable):
            await cache.open()
        known.append(PASSWORD)
        await until(lambda: works(cache))
        await cache.close()

    asyncio.run(run())


def test_a_user_who_may_not_is_told_what_to_allow(own_server: RedisServer) -> None:
    async def run() -> None:
        async with Redis.from_url(own_server.url) as raw:
            await raw.acl_setuser("ada", enabled=True, passwords=[f"+{PASSWORD}"], keys=["other:*"], commands=["+@all"])

    asyncio.run(run())
    err = refusal(server_at(own_server.url, user="ada", password=PASSWORD))
    assert (err.code, err.message) == ("store_unavailable", "Redis does not let this user do what a cache does.")
    assert "redis.user" in err.hint


def test_a_url_with_a_secret_is_refused_before_anything_is_sent() -> None:
    err = refusal(server_at(f"redis://:hunter22@127.0.0.1:{free_port()}"))
    assert isinstance(err, InvalidInput)
    assert "hunter22" not in str(err)


def test_a_server_that_is_not_there_is_found_when_it_comes(own_server: RedisServer) -> None:
    own_server.kill()

    async def run() -> None:
        cache = RedisCache(server_at(own_server.url), "instance-1")
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{own_server.port}/0 cannot be reached"):
            await cache.open()
        assert (await cache.facts()).state == "down"
        await asyncio.to_thread(own_server.start)
        await until(lambda: works(cache))
        assert (await cache.facts()).wiped == 0
        await cache.close()

    asyncio.run(run())


def test_a_server_that_goes_and_comes_back_empty(own_server: RedisServer) -> None:
    async def run() -> None:
        async with opened(server_at(own_server.url)) as cache:
            assert await works(cache)
            own_server.kill()
            for _ in range(breaker.FAILURES):
                with pytest.raises(StoreUnavailable):
                    await cache.get([("probe", "string")])
            began = time.monotonic()
            for _ in range(100):
                with pytest.raises(StoreUnavailable):
                    await cache.get([("probe", "string")])
            assert time.monotonic() - began < 0.1, "it is not asked while it is down"
            await asyncio.to_thread(own_server.start)
            await until(lambda: works(cache))
            assert (await cache.facts()).wiped == 1

    asyncio.run(run())


@pytest.mark.parametrize("fault", [Fault.BLACK_HOLE, Fault.HALF_OPEN, Fault.RESET, Fault.REFUSE])
def test_no_call_takes_longer_than_its_time_limit(own_server: RedisServer, fault: Fault) -> None:
    async def run() -> None:
        with FaultProxy(own_server.port) as proxy:
            async with opened(server_at(proxy.url(own_server.url), limit=0.3)) as cache:
                assert await works(cache)
                proxy.set(fault)
                for _ in range(breaker.FAILURES + 1):
                    began = time.monotonic()
                    with pytest.raises(StoreUnavailable):
                        await cache.get([("probe", "string")])
                    assert time.monotonic() - began < 0.6
                proxy.set(Fault.NONE)
                await until(lambda: works(cache))

    asyncio.run(run())


def test_tls_trusts_the_authority_that_is_named_and_no_other(redis_server: RedisServer, tmp_path: Path) -> None:
    with tls_server(tmp_path) as server:
        other, trusted = tmp_path / "other.crt", str(server.certificate)
        self_signed(other, tmp_path / "other.key")
        for ca_file in ("", str(other)):
            err = refusal(server_at(server.tls_url, ca_file=ca_file))
            assert "certificate that is not trusted" in err.message and "redis.ca_file" in err.hint
        err = refusal(server_at(server.tls_url.replace("localhost", "127.0.0.1"), ca_file=trusted))
        assert "certificate that is not trusted" in err.message, "its certificate is for another name"

        async def run() -> None:
            async with opened(server_at(server.tls_url, ca_file=trusted)) as cache:
                assert await works(cache)

        asyncio.run(run())


def test_what_may_be_wrong_with_tls_is_named(own_server: RedisServer, tmp_path: Path) -> None:
    err = refusal(server_at(own_server.url.replace("redis://", "rediss://"), limit=0.5))  # it waits for a line
    assert err.code == "store_unavailable" and "whether it speaks TLS" in err.hint
    with tls_server(tmp_path, clients="yes") as server:
        err = refusal(server_at(server.tls_url, ca_file=str(server.certificate)))
        assert err.message.endswith((" wants a certificate of lmem, which has none.", " hung up.")), "as it comes"
        assert "certificate" in err.message + err.hint and "tls-auth-clients no" in err.hint
        err = refusal(server_at(server.tls_url.replace("rediss://", "redis://")))
        assert "cannot be reached" in err.message and "redis.url" in err.hint


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for ca_file in (tmp_path / "absent.pem", tmp_path / "empty.pem"):
        err = refusal(server_at("rediss://127.0.0.1:1", ca_file=str(ca_file)))
        assert str(ca_file) in err.message and err.hint == "Correct redis.ca_file."


def tls_server(directory: Path, clients: str = "no") -> TlsRedisServer:
    try:
        return TlsRedisServer(directory, clients=clients)
    except Unavailable as reason:
        pytest.skip(f"Redis with TLS: {reason}")
