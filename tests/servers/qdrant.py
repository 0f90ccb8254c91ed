"""A Qdrant server of the test run: the qdrant on the PATH, or one that runs already and is named by its address.

Not a package: no index that tests may use carries the server, so most machines have neither.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote

from tests.servers.process import Server, free_port, program

URL = "LMEM_TEST_QDRANT_URL"
API_KEY = "LMEM_TEST_QDRANT_API_KEY"


@dataclass(frozen=True, slots=True)
class RunningQdrant:
    """A server that somebody else started: it cannot be killed, and is not wiped."""

    url: str
    api_key: str | None


def running_qdrant() -> RunningQdrant | None:
    """The one that the environment names."""
    url = os.environ.get(URL)
    return RunningQdrant(url, os.environ.get(API_KEY)) if url else None


class QdrantServer(Server):
    """Qdrant on two loopback ports, HTTP and gRPC. What was acknowledged survives a kill."""

    patience = 30.0

    def __init__(self, directory: Path, api_key: str | None = None) -> None:
        """Raises Unavailable when there is no qdrant."""
        super().__init__(directory)
        self._program = program("qdrant")
        self.api_key = api_key
        self.grpc_port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def wipe(self) -> None:
        for collection in self._ask("GET", "/collections")["result"]["collections"]:
            self._ask("DELETE", f"/collections/{quote(collection['name'], safe='')}")

    def _command(self) -> list[str]:
        return [self._program, "--disable-telemetry"]

    def _environment(self) -> Mapping[str, str]:
        settings = {
            "SERVICE__HOST": "127.0.0.1",
            "SERVICE__HTTP_PORT": str(self.port),
            "SERVICE__GRPC_PORT": str(self.grpc_port),
            "STORAGE__STORAGE_PATH": str(self.directory / "storage"),
            "STORAGE__SNAPSHOTS_PATH": str(self.directory / "snapshots"),
        }
        if self.api_key:
            settings["SERVICE__API_KEY"] = self.api_key
        return {f"QDRANT__{name}": value for name, value in settings.items()}

    def _answers(self) -> bool:
        try:
            self._ask("GET", "/collections")
        except (URLError, ConnectionError):
            return False
        return True

    def _ask(self, method: str, path: str) -> Any:
        headers = {"api-key": self.api_key} if self.api_key else {}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
