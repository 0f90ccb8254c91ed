"""The index worker: calls and errors through the pipe, lanes, deaths, restarts, the closed door, and a clean end."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec

import pytest

from lmem.errors import LmemError, NotFound, StoreUnavailable, UnknownMethod, WorkerDied
from lmem.ports.embedder import AsyncEmbedder, Embedder
from lmem.ports.finder import AsyncFinder, Finder
from lmem.ports.vectors import AsyncGenerations, AsyncVectors, Generations, Vectors
from lmem.stores import isolated, isolated_child, worker_process
from lmem.stores.isolated import IndexWorker
from lmem.stores.lanes import LANES
from lmem.stores.pipe import Lane, Spec, Target

P = ParamSpec("P")
ROOT = Path(__file__).resolve().parents[3]
TARGETS = {"odd": Spec("tests.unit.stores.worker_targets:Odd", {"name": "first"})}
QUICK = Lane("quick", threads=1, timeout=10)
SLOW = Lane("slow", threads=1, timeout=10)
ODD_LANES = {
    **{("odd", name): QUICK for name in ("echo", "absent", "fail", "panic", "die", "facts")},
    ("odd", "sleep"): SLOW,
}

pytestmark = pytest.mark.usefixtures("importable_tests")


@pytest.fixture
def importable_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds `tests.` as it finds lmem: by PYTHONPATH, never by its working directory."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@asynccontextmanager
async def running(
    folder: Path,
    on_start: Callable[[], Awaitable[None]] | None = None,
    targets: dict[str, Spec] | None = None,
) -> AsyncIterator[IndexWorker]:
    worker = IndexWorker(targets or TARGETS, folder / "worker.log", on_start, lanes=ODD_LANES)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


def in_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """A test that runs in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        asyncio.run(main())

    return run


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def test_lanes_name_every_method_that_services_have_and_no_other() -> None:
    ports: dict[str, list[type]] = {
        "embedder": [AsyncEmbedder],
        "finder": [AsyncFinder],
        "vectors": [AsyncVectors, AsyncGenerations],
    }
    methods = {
        (target, name)
        for target, protocols in ports.items()
        for protocol in protocols
        for name, member in vars(protocol).items()
        if callable(member) and not name.startswith("_")
    }
    assert set(LANES) == methods


@pytest.mark.parametrize(
    ("sync", "awaited", "beside"),
    [
        (Embedder, AsyncEmbedder, {"encode_query"}),  # asked by the finder, in the child
        (Finder, AsyncFinder, set()),
        (Vectors, AsyncVectors, set()),
        (Generations, AsyncGenerations, set()),
    ],
)
def test_the_async_ports_have_the_same_signatures(sync: type, awaited: type, beside: set[str]) -> None:
    def signatures(port: type) -> dict[str, object]:
        return {
            name: member.__annotations__ | {"defaults": member.__defaults__}
            for name, member in vars(port).items()
            if callable(member) and not name.startswith("_")
        }

    whole = signatures(sync)
    assert {name: whole[name] for name in whole.keys() - beside} == signatures(awaited)


def test_questions_share_no_lane_with_anything_slow() -> None:
    asked = {LANES["finder", "find"].name, LANES["vectors", "search"].name}
    slow = {("embedder", "encode_documents"), ("embedder", "load"), ("vectors", "write"), ("vectors", "open")}
    assert not asked & {LANES[call].name for call in slow}


def test_the_parent_imports_no_native_code() -> None:
    script = "import sys, lmem.stores.isolated; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"numpy", "qdrant_edge", "onnxruntime", "tokenizers"} & set(done.stdout.split())


@in_loop
async def test_calls_are_answered(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        assert await worker.call("odd", "echo", {"a": (1, b"\0")}, twice=True) == [{"a": (1, b"\0")}] * 2
        big = os.urandom(8 << 20)
        assert await worker.call("odd", "echo", big) == big
        assert worker.state == "ready"


@in_loop
async def test_errors_cross_as_themselves(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        with pytest.raises(NotFound) as caught:
            await worker.call("odd", "absent")
        assert (caught.value.message, caught.value.hint) == ("There is no such thing.", "Look elsewhere.")
        with pytest.raises(StoreUnavailable, match=r"odd\.fail: ZeroDivisionError: too round"):
            await worker.call("odd", "fail")
        assert worker.restarts == 0
    log = (tmp_path / "worker.log").read_text()
    assert "ZeroDivisionError" in log and "worker_targets.py" in log
    assert "too round" not in log, "the words may quote a text"


@in_loop
async def test_the_log_is_bounded_and_closed_to_others(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.touch()
    log.chmod(0o644)
    os.truncate(log, worker_process.LOG_BYTES + 1)
    async with running(tmp_path) as worker:
        for _ in range(isolated_child.MOST_NOTED + 5):
            with pytest.raises(StoreUnavailable, match="too round"):
                await worker.call("odd", "fail")
    assert log.read_text().count("builtins.ZeroDivisionError") == isolated_child.MOST_NOTED
    assert (tmp_path / "worker.log.1").stat().st_size == worker_process.LOG_BYTES + 1
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@in_loop
async def test_only_what_has_a_lane_can_be_called(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        with pytest.raises(UnknownMethod):
            await worker.call("odd", "__init__")
        with pytest.raises(AttributeError):
            _ = worker.vectors.search


@in_loop
async def test_a_lane_waits_for_itself_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        await worker.call("odd", "echo", 0)
        slow = [asyncio.create_task(worker.call("odd", "sleep", 0.3)) for _ in range(2)]
        await asyncio.sleep(0)
        started = time.monotonic()
        assert await worker.call("odd", "echo", 1) == 1
        assert time.monotonic() - started < 0.25
        assert await asyncio.gather(*slow) == ["slow-0", "slow-0"]
        assert time.monotonic() - started > 0.55


@in_loop
async def test_a_late_answer_is_nobodys(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        await until(lambda: worker.state == "ready")
        with pytest.raises(StoreUnavailable, match=r"did not answer odd\.sleep in 0\.05 s"):
            await worker.call("odd", "sleep", 0.2, timeout=0.05)
        given_up = asyncio.create_task(worker.call("odd", "sleep", 0.1))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await worker.call("odd", "sleep", 0) == "slow-0"


@in_loop
async def test_a_death_fails_what_waits_and_is_followed_by_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        first = await worker.call("odd", "echo", 1) and worker.pid
        calls = [worker.call("odd", "sleep", 5), worker.call("odd", "die", signal.SIGBUS)]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [WorkerDied, WorkerDied]
        assert "SIGBUS" in str(answers[0])
        with pytest.raises(StoreUnavailable, match="starts again by itself"):
            await worker.call("odd", "echo", 1)
        await until(lambda: worker.state == "ready")
        assert await worker.call("odd", "echo", 2) == 2
        assert worker.restarts == 1
        assert worker.pid != first
        assert worker.trouble is None


@in_loop
async def test_the_owner_is_told_each_death(tmp_path: Path) -> None:
    told: list[LmemError] = []
    worker = IndexWorker(TARGETS, tmp_path / "worker.log", on_death=told.append, lanes=ODD_LANES)
    await worker.start()
    try:
        with pytest.raises(WorkerDied) as caught:
            await worker.call("odd", "die", signal.SIGSEGV)
        await until(lambda: worker.state == "ready")
        assert told == [caught.value]
    finally:
        await worker.stop()


@in_loop
async def test_a_panic_ends_the_process(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        with pytest.raises(WorkerDied, match="exit status 70"):
            await worker.call("odd", "panic")


@in_loop
async def test_after_three_quick_deaths_the_door_closes_until_reset(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        for _ in range(3):
            await until(lambda: worker.state == "ready")
            with pytest.raises(WorkerDied):
                await worker.call("odd", "die", signal.SIGKILL)
        await until(lambda: worker.state == "closed")
        with pytest.raises(StoreUnavailable, match=r"not started again\..*SIGKILL") as caught:
            await worker.call("odd", "echo", 1)
        assert "lmem doctor" in caught.value.hint
        await worker.reset()
        assert await worker.call("odd", "echo", 1) == 1


@in_loop
async def test_a_closed_door_is_tried_again_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "CLOSED", 0.2)
    async with running(tmp_path) as worker:
        for _ in range(3):
            await until(lambda: worker.state == "ready")
            with pytest.raises(WorkerDied):
                await worker.call("odd", "die", signal.SIGKILL)
        await until(lambda: worker.state == "closed")
        await until(lambda: worker.state == "ready")
        assert await worker.call("odd", "echo", 1) == 1


@in_loop
async def test_lives_that_answered_close_nothing_when_they_are_killed(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        for number in range(5):
            await until(lambda: worker.state == "ready")
            assert await worker.call("odd", "echo", number) == number
            with pytest.raises(WorkerDied):
                await worker.call("odd", "die", signal.SIGKILL)
        await until(lambda: worker.state == "ready")


@in_loop
async def test_a_child_that_hangs_is_killed_and_replaced(tmp_path: Path) -> None:
    vital = {key: replace(lane, timeout=0.2, patience=2) for key, lane in ODD_LANES.items()}
    worker = IndexWorker(TARGETS, tmp_path / "worker.log", lanes=vital)
    await worker.start()
    try:
        await until(lambda: worker.state == "ready")
        assert await worker.call("odd", "echo", 1) == 1
        hung = worker.pid
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=r"in 0\.2 s"):
                await worker.call("odd", "echo", 2)
        await until(lambda: worker.state == "ready" and worker.pid not in (None, hung))
        assert await worker.call("odd", "echo", 3) == 3
    finally:
        await worker.stop()


@in_loop
async def test_a_child_that_starts_slowly_is_not_taken_for_one_that_hangs(tmp_path: Path) -> None:
    loaded = asyncio.Event()

    async def prepare() -> None:
        await loaded.wait()

    vital = {key: replace(lane, timeout=0.05, patience=2) for key, lane in ODD_LANES.items()}
    worker = IndexWorker(TARGETS, tmp_path / "worker.log", prepare, lanes=vital)
    await worker.start()
    try:
        await until(lambda: worker.pid is not None)
        starting = worker.pid
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="still starting"):
                await worker.call("odd", "echo", 1)
        loaded.set()
        await until(lambda: worker.state == "ready")
        assert await worker.call("odd", "echo", 2, timeout=10) == 2
        assert (worker.pid, worker.restarts) == (starting, 0)
    finally:
        await worker.stop()


@in_loop
async def test_a_target_that_cannot_be_made_closes_the_door_with_its_reason(tmp_path: Path) -> None:
    unmade = {"odd": Spec("tests.unit.stores.worker_targets:Unmade", {})}
    async with running(tmp_path, targets=unmade) as worker:
        await until(lambda: worker.state == "closed")
        with pytest.raises(StoreUnavailable, match="TypeError: no such argument"):
            await worker.call("odd", "echo", 1)


@in_loop
async def test_a_target_is_made_of_targets_before_it(tmp_path: Path) -> None:
    holder = Spec("tests.unit.stores.worker_targets:Holder", {"other": Target("odd")})
    lanes = {("odd", "rename"): QUICK, ("holder", "name"): QUICK}
    worker = IndexWorker({**TARGETS, "holder": holder}, tmp_path / "worker.log", lanes=lanes)
    await worker.start()
    try:
        assert await worker.call("holder", "name") == "first"
        await worker.call("odd", "rename", "second")
        assert await worker.call("holder", "name") == "second"  # the object itself, not another of the kind
    finally:
        await worker.stop()


@in_loop
async def test_a_target_that_is_not_made_yet_closes_the_door(tmp_path: Path) -> None:
    early = {"holder": Spec("tests.unit.stores.worker_targets:Holder", {"other": Target("odd")}), **TARGETS}
    async with running(tmp_path, targets=early) as worker:
        await until(lambda: worker.state == "closed")
        with pytest.raises(StoreUnavailable, match="KeyError: 'odd'"):
            await worker.call("odd", "echo", 1)


@in_loop
async def test_a_log_that_cannot_be_opened_closes_the_door(tmp_path: Path) -> None:
    async with running(tmp_path / "absent") as worker:
        await until(lambda: worker.state == "closed")
        with pytest.raises(StoreUnavailable, match="No such file"):
            await worker.call("odd", "echo", 1)


@in_loop
async def test_the_owner_prepares_each_life_before_others_call(tmp_path: Path) -> None:
    seen: list[object] = []

    async def prepare() -> None:
        seen.append(await worker.call("odd", "sleep", 0.1))

    worker = IndexWorker(TARGETS, tmp_path / "worker.log", prepare, lanes=ODD_LANES)
    await worker.start()
    try:
        seen.append(await worker.call("odd", "echo", "others"))
        with pytest.raises(WorkerDied):
            await worker.call("odd", "die", signal.SIGKILL)
        await until(lambda: worker.state == "ready")
        assert seen == ["slow-0", "others", "slow-0"]
    finally:
        await worker.stop()


@in_loop
async def test_an_owner_that_cannot_prepare_leaves_the_worker_ready_and_is_told(tmp_path: Path) -> None:
    async def prepare() -> None:
        await worker.call("odd", "absent")

    worker = IndexWorker(TARGETS, tmp_path / "worker.log", prepare, lanes=ODD_LANES)
    await worker.start()
    try:
        assert await worker.call("odd", "echo", 1) == 1
        assert isinstance(worker.trouble, NotFound)
    finally:
        await worker.stop()


@in_loop
async def test_targets_are_replaced_with_the_child(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        first = await worker.call("odd", "echo", 1) and worker.pid
        await worker.replace({"odd": Spec("builtins:list", {})})
        with pytest.raises(StoreUnavailable, match="has no attribute 'echo'"):
            await worker.call("odd", "echo", 1)
        assert worker.pid != first


@in_loop
async def test_an_owners_bug_closes_the_door_and_leaves_no_child(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pids: list[int | None] = []

    async def prepare() -> None:
        pids.append(worker.pid)
        raise ZeroDivisionError

    worker = IndexWorker(TARGETS, tmp_path / "worker.log", prepare, lanes=ODD_LANES)
    await worker.start()
    await until(lambda: worker.state == "closed")
    assert "ZeroDivisionError" in caplog.text
    assert pids[0] is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    await worker.stop()


@in_loop
async def test_an_error_of_the_system_while_it_is_prepared_costs_one_life(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deaths: list[LmemError] = []
    failures = [PermissionError(13, "Permission denied")]

    async def prepare() -> None:
        if failures:
            raise failures.pop()

    worker = IndexWorker(TARGETS, tmp_path / "worker.log", prepare, on_death=deaths.append, lanes=ODD_LANES)
    await worker.start()
    try:
        await until(lambda: worker.state == "ready")
        assert await worker.call("odd", "echo", 1) == 1
        assert worker.restarts == 1
        assert [isinstance(death, StoreUnavailable) for death in deaths] == [True]
        assert "Permission denied" in deaths[0].message and "PermissionError" in caplog.text
    finally:
        await worker.stop()


@in_loop
async def test_a_stop_leaves_no_child_and_fails_what_waits(tmp_path: Path) -> None:
    async with running(tmp_path) as worker:
        await worker.call("odd", "echo", 1)
        pid = worker.pid
        waiting = asyncio.create_task(worker.call("odd", "sleep", 30))
        await asyncio.sleep(0.05)
        await worker.stop()
        with pytest.raises(StoreUnavailable, match="was stopped"):
            await waiting
        with pytest.raises(StoreUnavailable, match="is stopped"):
            await worker.call("odd", "echo", 1)
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@in_loop
async def test_the_child_inherits_nothing_and_says_who_it_is(tmp_path: Path) -> None:
    with open(tmp_path / "open file", "wb") as leak:
        os.set_inheritable(leak.fileno(), True)
        async with running(tmp_path) as worker:
            facts = await worker.call("odd", "facts")
            command = Path(f"/proc/{worker.pid}/cmdline").read_bytes().split(b"\0")
            name = Path(f"/proc/{worker.pid}/comm").read_text().strip()
    assert len(facts["descriptors"]) == 5  # the standard three, the pipe, and the directory that is being listed
    assert facts["parent"] == os.getpid()
    assert not {"", os.getcwd()} & set(facts["path"]) - {str(ROOT)}
    assert facts["arenas"] == "2"
    assert (name, command[-2]) == ("lmem-index", b"lmem-index-worker")


@in_loop
async def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from lmem.stores.isolated import IndexWorker
        from lmem.stores.pipe import Lane, Spec
        async def main():
            lanes = {("odd", "echo"): Lane("quick", 1, 10)}
            target = Spec("tests.unit.stores.worker_targets:Odd", {})
            worker = IndexWorker({"odd": target}, Path(sys.argv[1]), lanes=lanes)
            await worker.start()
            await worker.call("odd", "echo", 1)
            print(worker.pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with parent:
        assert parent.stdout is not None
        child = int(await asyncio.to_thread(parent.stdout.readline))
        os.kill(child, signal.SIGINT)  # the daemon's, not its own
        os.kill(child, 0)
        parent.kill()

    def gone() -> bool:
        stat = Path(f"/proc/{child}/stat")
        return not stat.exists() or stat.read_text().split()[2] == "Z"

    await until(gone, 5)
