"""What the files of a project say of it: language, framework, type.

Pure: it sees names and texts, and reads nothing. What it cannot tell is None.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Traits:
    """`project_type` is web, api, cli, library, desktop, mobile, game, data, infrastructure or documentation."""

    language: str | None = None
    framework: str | None = None
    project_type: str | None = None


MANIFESTS: dict[str, str] = {
    "pyproject.toml": "python", "setup.py": "python", "setup.cfg": "python", "requirements.txt": "python",
    "Pipfile": "python", "tsconfig.json": "typescript", "deno.json": "typescript", "package.json": "javascript",
    "Cargo.toml": "rust", "go.mod": "go", "pom.xml": "java", "build.gradle": "java", "build.gradle.kts": "kotlin",
    "Gemfile": "ruby", "composer.json": "php", "mix.exs": "elixir", "Package.swift": "swift", "pubspec.yaml": "dart",
    "build.sbt": "scala", "stack.yaml": "haskell", "rebar.config": "erlang", "deps.edn": "clojure",
    "project.clj": "clojure", "DESCRIPTION": "r", "Project.toml": "julia", "build.zig": "zig",
}  # fmt: skip
"""A file that names the language of what it stands in."""

ENDINGS: dict[str, str] = {
    "py": "python", "ts": "typescript", "tsx": "typescript", "js": "javascript", "jsx": "javascript",
    "mjs": "javascript", "rs": "rust", "go": "go", "java": "java", "kt": "kotlin", "rb": "ruby", "php": "php",
    "ex": "elixir", "exs": "elixir", "swift": "swift", "dart": "dart", "scala": "scala", "hs": "haskell",
    "erl": "erlang", "clj": "clojure", "r": "r", "jl": "julia", "zig": "zig", "c": "c", "cc": "c++", "cpp": "c++",
    "cxx": "c++", "cs": "c#", "csproj": "c#", "lua": "lua", "sh": "shell", "tf": "terraform", "sql": "sql",
}  # fmt: skip
"""A file's ending and its language."""

FRAMEWORKS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "python": (
        ("django", "django", "web"), ("fastapi", "fastapi", "api"), ("flask", "flask", "web"),
        ("streamlit", "streamlit", "data"), ("starlette", "starlette", "api"), ("aiohttp", "aiohttp", "api"),
        ("scrapy", "scrapy", "data"), ("torch", "pytorch", "data"), ("pyqt6", "qt", "desktop"),
        ("typer", "typer", "cli"), ("click", "click", "cli"), ("textual", "textual", "cli"),
    ),
    "javascript": (
        ("next", "next.js", "web"), ("nuxt", "nuxt", "web"), ("@angular/core", "angular", "web"),
        ("@sveltejs/kit", "sveltekit", "web"), ("electron", "electron", "desktop"),
        ("react-native", "react-native", "mobile"), ("astro", "astro", "web"), ("svelte", "svelte", "web"),
        ("vue", "vue", "web"), ("react", "react", "web"), ("@nestjs/core", "nestjs", "api"),
        ("fastify", "fastify", "api"), ("koa", "koa", "api"), ("express", "express", "api"),
        ("commander", "commander", "cli"),
    ),
    "rust": (
        ("tauri", "tauri", "desktop"), ("bevy", "bevy", "game"), ("axum", "axum", "api"),
        ("actix-web", "actix-web", "api"), ("rocket", "rocket", "api"), ("leptos", "leptos", "web"),
        ("ratatui", "ratatui", "cli"), ("clap", "clap", "cli"),
    ),
    "go": (
        ("github.com/gin-gonic/gin", "gin", "api"), ("github.com/labstack/echo", "echo", "api"),
        ("github.com/gofiber/fiber", "fiber", "api"), ("github.com/go-chi/chi", "chi", "api"),
        ("github.com/spf13/cobra", "cobra", "cli"),
    ),
    "java": (
        ("spring-boot", "spring-boot", "api"), ("quarkus", "quarkus", "api"), ("micronaut", "micronaut", "api"),
        ("com.android.application", "android", "mobile"),
    ),
    "ruby": (("rails", "rails", "web"), ("sinatra", "sinatra", "web"), ("thor", "thor", "cli")),
    "php": (("laravel/framework", "laravel", "web"), ("symfony/framework-bundle", "symfony", "web")),
    "elixir": (("phoenix", "phoenix", "web"),),
    "dart": (("flutter", "flutter", "mobile"),),
}  # fmt: skip
"""By language: a dependency, the framework it stands for, and the type of project that uses it; the first counts."""

FAMILY = {"typescript": "javascript", "kotlin": "java", "scala": "java"}
"""Languages that share manifests and frameworks with another."""


def detect(paths: Iterable[str], texts: Mapping[str, str]) -> Traits:
    """The traits of a project from the paths in it (relative, '/') and the texts of the manifests at its top."""
    known = list(paths)
    language = _language(known, texts)
    family = FAMILY.get(language or "", language or "")
    needed = _dependencies(family, texts)
    for dependency, framework, kind in FRAMEWORKS.get(family, ()):
        if dependency in needed:
            return Traits(language, framework, kind)
    return Traits(language, None, _type(family, known, texts))


def _language(paths: list[str], texts: Mapping[str, str]) -> str | None:
    top = {path for path in paths if "/" not in path} | texts.keys()
    named = {MANIFESTS[name] for name in top if name in MANIFESTS}
    typed = "typescript" in named or '"typescript"' in texts.get("package.json", "")
    if typed and "javascript" in named:
        named = (named | {"typescript"}) - {"javascript"}
    counted = Counter(
        found for path in paths if (found := ENDINGS.get(path.rpartition(".")[2].lower())) and "." in path
    )
    if "java" in named and "kotlin" not in named:
        counted["java"] += counted["kotlin"]  # Gradle's build files say java for both
    candidates = named or counted.keys()
    return min(candidates, key=lambda name: (-counted[name], name), default=None)


def _type(family: str, paths: list[str], texts: Mapping[str, str]) -> str | None:
    if family == "terraform":
        return "infrastructure"
    starts = {
        "python": ("[project.scripts]", "[tool.poetry.scripts]", "console_scripts"),
        "javascript": ('"bin"',),
        "rust": ("[[bin]]",),
    }
    if any(mark in text for mark in starts.get(family, ()) for text in texts.values()):
        return "cli"
    if any(path in ("src/main.rs", "main.go") or path.startswith("cmd/") for path in paths):
        return "cli"
    if family and any(FAMILY.get(MANIFESTS.get(name, ""), MANIFESTS.get(name)) == family for name in texts):
        return "library"
    return "documentation" if {"mkdocs.yml", "conf.py", "book.toml"} & {path for path in paths} else None


def _dependencies(family: str, texts: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for name, (language, read) in _READERS.items():
        if language == family and name in texts:
            try:
                found |= {item.lower() for item in read(texts[name])}
            except (ValueError, RecursionError, AttributeError, TypeError):  # not what its name says
                continue
    return found


def _pyproject(text: str) -> list[str]:
    document = tomllib.loads(text)
    poetry = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
    return [*poetry, *_requirements("\n".join(document.get("project", {}).get("dependencies", [])))]


def _requirements(text: str) -> list[str]:
    return re.findall(r"(?m)^\s*([A-Za-z0-9][A-Za-z0-9._-]*)", text)


def _package(text: str) -> list[str]:
    document = json.loads(text)
    return [*document.get("dependencies", {}), *document.get("devDependencies", {})]


def _cargo(text: str) -> list[str]:
    document = tomllib.loads(text)
    return [*document.get("dependencies", {}), *document.get("workspace", {}).get("dependencies", {})]


def _modules(text: str) -> list[str]:
    return [re.sub(r"/v\d+$", "", path) for path in re.findall(r"(?m)^(?:require\s+|\s+)([\w./-]+)\s+v\d", text)]


def _artifacts(text: str) -> list[str]:
    return [name for name, _, _ in FRAMEWORKS["java"] if name in text]


def _words(text: str) -> list[str]:
    return re.findall(r"""(?m)(?:^\s*gem\s+["']|[{]:|^\s+)([\w/-]+)""", text)


def _composer(text: str) -> list[str]:
    return [*json.loads(text).get("require", {})]


_READERS: dict[str, tuple[str, Callable[[str], list[str]]]] = {
    "pyproject.toml": ("python", _pyproject), "requirements.txt": ("python", _requirements),
    "package.json": ("javascript", _package), "Cargo.toml": ("rust", _cargo), "go.mod": ("go", _modules),
    "pom.xml": ("java", _artifacts), "build.gradle": ("java", _artifacts), "build.gradle.kts": ("java", _artifacts),
    "Gemfile": ("ruby", _words), "mix.exs": ("elixir", _words), "pubspec.yaml": ("dart", _words),
    "composer.json": ("php", _composer),
}  # fmt: skip
"""Manifests whose dependencies are read: the family, and how."""
