"""Where a caller stands and what that makes visible: the place, the project, the session and its parents.

Not a lookup: lmem.service.scopes resolves a place to a scope.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmem.errors import NotFound


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """The settings file of a project: where it is, or would be, and its text, '' when there is none."""

    path: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A directory as git's own files describe it; all but `cwd` are None outside of a repository. `cwd` is '' nowhere.

    `top` is the working tree's root, `common_dir` the git directory that all worktrees share, `remote` the normalised
    address of its remote (host/owner/name, without credentials), or the git directory that it was cloned from.
    `root_commit` is known without a process only for a repository that was made here. `file` is looked for outside of
    a repository too. `wide` is what holds much more than one project: the root and the home directory. `is_known` is
    False when the disk did not answer: then nothing but `cwd` is known.
    """

    cwd: str
    top: str | None = None
    common_dir: str | None = None
    remote: str | None = None
    branch: str | None = None
    commit: str | None = None
    root_commit: str | None = None
    file: ProjectFile | None = None
    is_known: bool = True
    wide: bool = False

    @property
    def directory(self) -> str:
        """The working tree's root, else the directory itself. Raises NotFound when the caller's directory is gone."""
        if not self.cwd:
            raise NotFound("The directory that you are in is gone.", hint="Go to one that is there: cd DIRECTORY")
        return self.top or self.cwd

    @property
    def identities(self) -> tuple[tuple[str, str], ...]:
        """(kind, value) of what a project may be recognised by, the surest first."""
        remote = self.remote
        if remote and not remote.startswith("/"):
            remote = remote.lower()
        known = (("common_dir", self.common_dir), ("remote", remote), ("root_commit", self.root_commit))
        return tuple((kind, value) for kind, value in known if value)


@dataclass(frozen=True, slots=True)
class Scope:
    """The project and the session of one call, and why (a clause for people, as 'the repository at /src/api').

    `lineage` holds the current session's id and its parents', nearest first. Without a project `because` says why not.
    """

    project_id: str | None = None
    project: str | None = None
    because: str = "no project was named"
    session_id: str | None = None
    lineage: tuple[str, ...] = ()
    created: bool = False


NOWHERE = Scope()
