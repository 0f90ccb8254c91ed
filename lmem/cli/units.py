"""daemon install and uninstall: a systemd user unit or a launchd agent that starts the daemon at login.

Not needed for use: any command starts the daemon.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lmem.cli import output
from lmem.errors import LmemError
from lmem.paths import paths

LABEL = "net.lmem.daemon"

SERVICE = """\
[Unit]
Description=lmem, long-term memory for developers
Documentation=man:lmem-daemon(1)
StartLimitIntervalSec=60
StartLimitBurst=3

[Service]
ExecStart="{python}" -m lmem.daemon
{environment}Restart=on-failure
TimeoutStopSec=15
NoNewPrivileges=yes

[Install]
WantedBy=default.target
"""

AGENT = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>{label}</string>
<key>ProgramArguments</key><array><string>{python}</string><string>-m</string><string>lmem.daemon</string></array>
{environment}<key>RunAtLoad</key><true/>
<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
</dict></plist>
"""


class Unit:
    """What the service manager of this system is given: a file, its text, the commands around it."""

    def __init__(self, file: Path, text: str, after: list[list[str]], before_removal: list[list[str]]) -> None:
        self.file, self.text, self.after, self.before_removal = file, text, after, before_removal


def install(*, dry_run: bool, as_json: bool) -> int:
    """lmem daemon install."""
    unit = _unit()
    if not dry_run:
        unit.file.parent.mkdir(parents=True, exist_ok=True)
        unit.file.write_text(unit.text, encoding="utf-8")
        for command in unit.after:
            _run(command, f"{unit.file} was written.")
    if as_json:
        output.answer_json({"path": str(unit.file), "commands": unit.after, "dry_run": dry_run})
    elif dry_run:
        output.line(f"# {unit.file}")
        output.line(unit.text.rstrip("\n"))
        for command in unit.after:
            output.line(f"# {' '.join(command)}")
    else:
        output.line(f"Wrote {unit.file}; the daemon starts at login, and has been started now.")
    return 0


def uninstall(*, dry_run: bool, as_json: bool) -> int:
    """lmem daemon uninstall."""
    unit = _unit()
    there = unit.file.exists()
    if there and not dry_run:
        for command in unit.before_removal:
            _run(command, f"{unit.file} is still there.")
        unit.file.unlink()
    if as_json:
        output.answer_json({"path": str(unit.file), "removed": there and not dry_run, "dry_run": dry_run})
    elif not there:
        output.line(f"{unit.file} is not there; nothing was done.")
    else:
        output.line(f"{'Would remove' if dry_run else 'Removed'} {unit.file}.")
    return 0


def _unit() -> Unit:
    home = paths().home
    user = Path(os.environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        file = user / "Library/LaunchAgents" / f"{LABEL}.plist"
        text = AGENT.format(label=LABEL, python=_xml(sys.executable), environment=_plist_environment(home))
        domain = f"gui/{os.getuid()}"
        return Unit(
            file, text, [["launchctl", "bootstrap", domain, str(file)]], [["launchctl", "bootout", f"{domain}/{LABEL}"]]
        )
    config = os.environ.get("XDG_CONFIG_HOME", "")
    folder = (Path(config) if os.path.isabs(config) else user / ".config") / "systemd/user"
    environment = f'Environment="LMEM_HOME={_unit_quoted(str(home))}"\n' if home else ""
    systemctl = ["systemctl", "--user"]
    return Unit(
        folder / "lmem.service",
        SERVICE.format(python=_unit_quoted(sys.executable), environment=environment),
        [[*systemctl, "daemon-reload"], [*systemctl, "enable", "--now", "lmem.service"]],
        [[*systemctl, "disable", "--now", "lmem.service"]],
    )


def _unit_quoted(text: str) -> str:
    """`text` inside the double quotes of a unit file."""
    return text.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")


def _plist_environment(home: Path | None) -> str:
    if home is None:
        return ""
    variable = f"<key>LMEM_HOME</key><string>{_xml(str(home))}</string>"
    return f"<key>EnvironmentVariables</key><dict>{variable}</dict>\n"


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _run(command: list[str], state: str) -> None:
    """Run a service manager's command. Raises LmemError when it fails, with what the state is now."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        reason = "" if done.returncode == 0 else (done.stderr.strip() or f"status {done.returncode}").splitlines()[-1]
    except (OSError, subprocess.TimeoutExpired) as err:
        reason = str(err)
    if reason:
        raise LmemError(
            f"{state} But '{' '.join(command)}' failed: {reason.rstrip('.')}.",
            hint="The daemon also starts by itself with any command; run the failed one by hand to see more.",
        )
