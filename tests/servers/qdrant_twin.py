"""A Qdrant server's HTTP calls, answered by qdrant-client's own store: for machines on which no real one can be had.

Not a Qdrant: brute force, no payload indexes, no optimiser. But what crosses the wire is what a server is sent, and the
errors are a server's. `python -m tests.servers.qdrant_twin PORT DIRECTORY` runs one that keeps points through a kill.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models

Body = dict[str, Any]
Work = Callable[[QdrantClient, str, Body], Any]


def _create(client: QdrantClient, name: str, body: Body) -> Any:
    asked = models.CreateCollection.model_validate(body)
    return client.create_collection(name, asked.vectors, asked.sparse_vectors, on_disk_payload=asked.on_disk_payload)


def _update(client: QdrantClient, name: str, body: Body) -> Any:
    asked = models.UpdateCollection.model_validate(body)
    return client.update_collection(name, vectors_config=asked.vectors, quantization_config=asked.quantization_config)


def _upsert(client: QdrantClient, name: str, body: Body) -> Any:
    return client.upsert(name, models.PointsList.model_validate(body).points)


def _batch(client: QdrantClient, name: str, body: Body) -> Any:
    return client.batch_update_points(name, models.UpdateOperations.model_validate(body).operations)


def _delete(client: QdrantClient, name: str, body: Body) -> Any:
    return client.delete(name, models.PointIdsList.model_validate(body))


def _retrieve(client: QdrantClient, name: str, body: Body) -> Any:
    asked = models.PointRequest.model_validate(body)
    vectors: Any = asked.with_vector or False
    return client.retrieve(name, asked.ids, asked.with_payload or False, vectors)


def _scroll(client: QdrantClient, name: str, body: Body) -> Any:
    asked = models.ScrollRequest.model_validate(body)
    payload, vectors = asked.with_payload, asked.with_vector
    points, following = client.scroll(
        name, limit=asked.limit or 10, offset=asked.offset, with_payload=payload or False, with_vectors=vectors or False
    )
    return {"points": points, "next_page_offset": following}


def _query(client: QdrantClient, name: str, body: Body) -> Any:
    return client.query_batch_points(name, models.QueryRequestBatch.model_validate(body).searches)


def _aliases(client: QdrantClient, name: str, body: Body) -> Any:
    return client.update_collection_aliases(models.ChangeAliasesOperation.model_validate(body).actions)


def _memory(client: QdrantClient, name: str, body: Body) -> Any:
    return {"total": {"disk_bytes": 1000 * client.count(name).count}}


_NAME = "/collections/([^/]+)"
ROUTES: tuple[tuple[str, str, Work], ...] = (
    ("GET", "/collections", lambda client, name, body: client.get_collections()),
    ("GET", "/aliases", lambda client, name, body: client.get_aliases()),
    ("POST", "/collections/aliases", _aliases),
    ("GET", _NAME, lambda client, name, body: client.get_collection(name)),
    ("PUT", _NAME, _create),
    ("PATCH", _NAME, _update),
    ("DELETE", _NAME, lambda client, name, body: client.delete_collection(name)),
    ("GET", f"{_NAME}/exists", lambda client, name, body: {"exists": client.collection_exists(name)}),
    ("GET", f"{_NAME}/memory", _memory),
    ("PUT", f"{_NAME}/index", lambda client, name, body: {"operation_id": 0, "status": "completed"}),
    ("PUT", f"{_NAME}/points", _upsert),
    ("POST", f"{_NAME}/points", _retrieve),
    ("POST", f"{_NAME}/points/batch", _batch),
    ("POST", f"{_NAME}/points/count", lambda client, name, body: client.count(name)),
    ("POST", f"{_NAME}/points/delete", _delete),
    ("POST", f"{_NAME}/points/query/batch", _query),
    ("POST", f"{_NAME}/points/scroll", _scroll),
)


class Twin(ThreadingHTTPServer):
    """The server. `asked` keeps the method and path of each request; `api_key` is demanded when it is set."""

    daemon_threads = True

    def __init__(self, store: QdrantClient, port: int = 0, api_key: str | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.store = store
        self.api_key = api_key
        self.asked: list[str] = []
        self.turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # who asked went away
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Twin
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        if self.server.api_key and self.headers.get("api-key") != self.server.api_key:
            self._send(401, b"Invalid API key or JWT")
        elif path == "/":
            self._send(200, self.server.store.info().model_dump_json().encode())
        else:
            self._send(*self._result(path, json.loads(body) if body else {}))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def _result(self, path: str, body: Body) -> tuple[int, bytes]:
        for method, pattern, work in ROUTES:
            found = re.fullmatch(pattern, path)
            if found is None or method != self.command:
                continue
            try:
                with self.server.turn:
                    result = work(self.server.store, found[1] if found.groups() else "", body)
            except ValueError as err:
                missing = "not found" in str(err)
                return (404 if missing else 400), _error(f"{'Not found' if missing else 'Wrong input'}: {err}")
            return 200, json.dumps({"result": _plain(result), "status": "ok", "time": 0.0}).encode()
        return 404, b""

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


def _error(sentence: str) -> bytes:
    return json.dumps({"status": {"error": sentence}, "time": 0.0}).encode()


def _plain(result: Any) -> Any:
    kind = type(result) if isinstance(result, BaseModel) else Any
    return TypeAdapter(kind).dump_python(result, mode="json")


@contextmanager
def running(api_key: str | None = None, store: QdrantClient | None = None, port: int = 0) -> Iterator[Twin]:
    """A twin on a free port of this machine."""
    server = Twin(store or QdrantClient(":memory:"), port, api_key)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Serve until killed; says its URL when it is ready."""
    port, directory = int(sys.argv[1]), sys.argv[2]
    server = Twin(QdrantClient(path=directory, force_disable_check_same_thread=True), port)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
