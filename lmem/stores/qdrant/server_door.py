"""The one door to a Qdrant server: each call has a time limit, and every error of the client becomes one of ours.

Not the operations (lmem.stores.qdrant.server). The API key goes into a header and nowhere else.
"""

from __future__ import annotations

import json
import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from lmem.errors import IndexLost, LmemError, StorageFull, StoreDown, StoreUnavailable
from lmem.stores.breaker import Breaker

IN_MEMORY = ":memory:"
"""Instead of a URL: the client's own brute force in memory, for tests."""

IDLE = 4.0
"""Seconds for which a connection is kept: the server closes it after five, and a call must not meet that."""

_BROKEN = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""What a connection says that broke after it was made. Tried again once: every call here may be made twice."""

_PHASES = ("connect", "read", "write", "pool")
_REFUSED = frozenset({401, 403})
_NOT_NOW = frozenset({408, 429, 502, 503, 504})
"""Answers of a server, or of what stands before it, that say nothing about what was asked."""

_FULL = ("no space left", "out of disk")
_SENTENCE = 300


class Door:
    """Calls to one server, by any number of threads. `interrupted` says that a call failed since it was last cleared:
    the server may be another one when it answers again."""

    def __init__(self, url: str, api_key: str | None, timeout: float, ca_file: str | None) -> None:
        self.url = url
        self.interrupted = False
        self._api_key = api_key
        self._timeout = timeout
        self._ca_file = ca_file
        self._breaker = Breaker()
        self._made = threading.Lock()
        self._client: QdrantClient | None = None
        self._call = threading.local()

    @property
    def in_memory(self) -> bool:
        """Whether there is no server at all."""
        return self.url == IN_MEMORY

    @contextmanager
    def within(self) -> Iterator[None]:
        """All calls of this thread inside share one time limit."""
        if getattr(self._call, "deadline", None) is not None:
            yield
            return
        self._call.deadline = time.monotonic() + self._timeout
        try:
            yield
        finally:
            self._call.deadline = None

    @contextmanager
    def client(self, generation: str | None = None) -> Iterator[QdrantClient]:
        """The client for one call, or some that share a time limit; `generation` is whose collections they need.

        Raises StoreDown when the server does not answer in time, is left alone for a while or refuses the key,
        IndexLost when it has not got the generation's collections, StorageFull when its disk is full, StoreUnavailable
        with the server's own sentence for any other answer that is none.
        """
        self._breaker.check()
        try:
            with self.within():
                yield self._connected()
        except ResponseHandlingException as err:
            raise self._failed(self._unanswered(err.source)) from err
        except ResourceExhaustedResponse as err:
            raise self._failed(StoreDown(f"Qdrant at {self.url} has too much to do: {err}.")) from err
        except UnexpectedResponse as err:
            raise self._refusal(err, generation) from err
        except (ValueError, AssertionError) as err:
            raise self._failed(self._nonsense()) from err
        self._breaker.worked()

    def close(self) -> None:
        """Let go of the connections."""
        with self._made:
            if self._client is not None:
                self._client.close()
            self._client = None

    def _connected(self) -> QdrantClient:
        with self._made:
            if self._client is None:
                self._client = QdrantClient(IN_MEMORY) if self.in_memory else self._remote()
            return self._client

    def _remote(self) -> QdrantClient:
        """A client of the server; no call is made.

        It looks after no version (lmem doctor does), and gets the key as a header: as an argument it warns on standard
        error when the connection is not encrypted (lmem doctor says that too).
        """
        given: dict[str, Any] = {"trust_env": False}  # no proxy for what is on this machine
        if not is_loopback(self.url):
            given = {"limits": httpx.Limits(max_connections=8, max_keepalive_connections=4, keepalive_expiry=IDLE)}
        if self.url.startswith("https:"):
            given["verify"] = self._trust()
        client = QdrantClient(
            url=self.url,
            headers={"api-key": self._key()} if self._api_key else None,
            timeout=math.ceil(self._timeout),
            check_compatibility=False,
            **given,
        )
        client.http.client.add_middleware(self._paced)
        return client

    def _key(self) -> str:
        key = self._api_key or ""
        if not (key.isascii() and key.isprintable()):
            raise StoreDown("The API key of Qdrant holds characters that no key has.", hint=_KEY_HINT)
        return key

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file or None)
        except OSError as err:
            raise StoreDown(
                f"The certificates in {self._ca_file} cannot be read: {err.strerror or err}.",
                hint="Correct qdrant.ca_file.",
            ) from err

    def _paced(self, request: httpx.Request, send: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        """Send with what is left of the time, again at once when a connection broke."""
        try:
            return send(self._limited(request))
        except ResponseHandlingException as err:
            if not isinstance(err.source, _BROKEN):
                raise
        return send(self._limited(request))

    def _limited(self, request: httpx.Request) -> httpx.Request:
        left = max(self._call.deadline - time.monotonic(), 0.01)
        request.extensions = {**request.extensions, "timeout": dict.fromkeys(_PHASES, left)}
        return request

    def _failed(self, err: StoreDown, refused: bool = False) -> StoreUnavailable:
        self.interrupted = True
        return self._breaker.failed(err, refused)

    def _unanswered(self, source: Exception) -> StoreDown:
        if isinstance(source, httpx.TimeoutException):
            return StoreDown(f"Qdrant at {self.url} did not answer within {self._timeout:g} s.")
        if isinstance(source, httpx.ConnectError):  # the only one whose words are the system's alone
            hint = "Set qdrant.ca_file to what signed its certificate." if "CERTIFICATE" in str(source) else None
            return StoreDown(f"Qdrant does not answer at {self.url}: {source}.", hint=hint)
        if isinstance(source, ValueError):
            return self._nonsense()
        return StoreDown(f"The connection to Qdrant at {self.url} broke ({type(source).__name__}).")

    def _nonsense(self) -> StoreDown:
        return StoreDown(f"What answers at {self.url} is no Qdrant that lmem knows.", hint="Correct qdrant.url.")

    def _refusal(self, err: UnexpectedResponse, generation: str | None) -> LmemError:
        status, sentence = err.status_code or 0, _sentence(err)
        if status in _REFUSED:
            return self._failed(StoreDown("Qdrant refused the API key.", hint=_KEY_HINT), refused=True)
        if status in _NOT_NOW:
            return self._failed(StoreDown(f"Qdrant at {self.url} cannot answer now: {sentence}"))
        self._breaker.worked()
        if status == 507 or any(mark in sentence.lower() for mark in _FULL):
            return StorageFull(f"The disk of Qdrant at {self.url} is full: {sentence}", hint="Free some space there.")
        if status == 404 and generation is not None:
            return IndexLost(f"Qdrant at {self.url} has no generation '{generation}' any more.")
        return StoreUnavailable(f"Qdrant at {self.url} answered {status}: {sentence}")


_KEY_HINT = "Set qdrant.api_key_file to a file with the right key, or LMEM_QDRANT_API_KEY."


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _sentence(err: UnexpectedResponse) -> str:
    """What the server says was wrong, as a sentence."""
    try:
        found = str(json.loads(err.content)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        found = err.reason_phrase
    return (" ".join(found.split())[:_SENTENCE].rstrip(" .!") or "nothing more") + "."
