"""user show and set.

Not an account of the operating system.
"""

from __future__ import annotations

from lmem.cli import output
from lmem.cli.link import ask, given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lmem.cli.link import Answer


def show(*, as_json: bool) -> int:
    """lmem user show."""
    found = ask("user/show", idempotent=True)
    if as_json:
        output.answer_json(found)
        return 0
    counts = found["counts"]
    memories = output.count(counts["memories"], "memory", "memories")
    _print(found)
    output.line(f"{_label('stored')} {memories} in {output.count(counts['projects'], 'project')}")
    if found["others"]:
        output.line(f"{_label('others')} {output.stored(', '.join(found['others']))}")
    output.line(f"{_label('active')} {'yes' if found['active'] else 'no: nothing is written'}")
    return 0


def set_(*, name: str | None, email: str | None, active: bool | None, as_json: bool) -> int:
    """lmem user set."""
    request: dict[str, object] = given({"display_name": name, "email": email})
    if active is not None:
        request["active"] = active
    changed = ask("user/set", request)
    if as_json:
        output.answer_json(changed)
        return 0
    _print(changed)
    if not changed["active"]:
        output.note("Nothing is written any more; 'lmem user set --active' ends that.")
    return 0


def _label(name: str) -> str:
    return output.paint(f"{name:<11}", "dim")


def _print(user: Answer) -> None:
    for name, value in (("user", user["username"]), ("name", user["display_name"]), ("email", user["email"])):
        output.line(f"{_label(name)} {output.stored(value or '-')}")
