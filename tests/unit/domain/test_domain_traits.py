"""What files say of a project.

Not the reading of them (test_daemon_projectfiles.py).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmem.domain.traits import MANIFESTS, Traits, detect

CASES: list[tuple[str, list[str], dict[str, str], Traits]] = [
    ("nothing", [], {}, Traits()),
    ("texts", ["a.md", "notes.txt"], {}, Traits()),
    ("fastapi", [], {"pyproject.toml": '[project]\ndependencies = ["FastAPI[all]>=0.1"]'},
     Traits("python", "fastapi", "api")),
    ("poetry", [], {"pyproject.toml": '[tool.poetry.dependencies]\ndjango = "^5"'}, Traits("python", "django", "web")),
    ("requirements", ["app.py"], {"requirements.txt": "# web\nflask==3\n"}, Traits("python", "flask", "web")),
    ("library", ["x/a.py"], {"pyproject.toml": '[project]\nname = "x"'}, Traits("python", None, "library")),
    ("scripts", [], {"pyproject.toml": '[project.scripts]\nx = "x:main"'}, Traits("python", None, "cli")),
    ("broken", [], {"pyproject.toml": "[project"}, Traits("python", None, "library")),
    ("react", [], {"package.json": '{"dependencies": {"react": "18"}}'}, Traits("javascript", "react", "web")),
    ("next", ["tsconfig.json"], {"package.json": '{"dependencies": {"react": "1", "next": "1"}}'},
     Traits("typescript", "next.js", "web")),
    ("typed", [], {"package.json": '{"devDependencies": {"typescript": "5", "express": "4"}}'},
     Traits("typescript", "express", "api")),
    ("wrong json", [], {"package.json": '{"dependencies": ["react"]}'}, Traits("javascript", "react", "web")),
    ("no json", [], {"package.json": "[" * 100_000}, Traits("javascript", None, "library")),
    ("bin", [], {"package.json": '{"bin": {"x": "x.js"}}'}, Traits("javascript", None, "cli")),
    ("axum", ["src/main.rs"], {"Cargo.toml": '[dependencies]\naxum = "0.7"'}, Traits("rust", "axum", "api")),
    ("crate", ["src/lib.rs"], {"Cargo.toml": "[package]"}, Traits("rust", None, "library")),
    ("main", ["src/main.rs"], {"Cargo.toml": "[package]"}, Traits("rust", None, "cli")),
    ("echo", [], {"go.mod": "module x\nrequire (\n\tgithub.com/labstack/echo/v4 v4.1.0\n)"},
     Traits("go", "echo", "api")),
    ("cobra", [], {"go.mod": "module x\nrequire github.com/spf13/cobra v1.2.0\n"}, Traits("go", "cobra", "cli")),
    ("spring", ["A.java"], {"pom.xml": "<artifactId>spring-boot-starter</artifactId>"},
     Traits("java", "spring-boot", "api")),
    ("gradle", ["a/B.kt"], {"build.gradle.kts": "plugins {}"}, Traits("kotlin", None, "library")),
    ("rails", [], {"Gemfile": "source 'x'\ngem 'rails', '~> 7'"}, Traits("ruby", "rails", "web")),
    ("phoenix", [], {"mix.exs": "{:phoenix, \"~> 1\"}"}, Traits("elixir", "phoenix", "web")),
    ("laravel", [], {"composer.json": '{"require": {"laravel/framework": "11"}}'}, Traits("php", "laravel", "web")),
    ("c", ["a.c", "b.c", "x.cpp"], {}, Traits("c")),
    ("terraform", ["main.tf"], {}, Traits("terraform", None, "infrastructure")),
    ("both", ["a.rs", "b.rs", "x.py"], {"Cargo.toml": "", "pyproject.toml": ""}, Traits("rust", None, "library")),
    ("docs", ["mkdocs.yml", "index.md"], {}, Traits(None, None, "documentation")),
]  # fmt: skip


@pytest.mark.parametrize(("paths", "texts", "traits"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_files_tell_language_framework_and_type(paths: list[str], texts: dict[str, str], traits: Traits) -> None:
    assert detect([*paths, *texts], texts) == traits


@given(st.lists(st.text(max_size=20), max_size=5), st.dictionaries(st.sampled_from(sorted(MANIFESTS)), st.text()))
def test_no_file_is_too_odd(paths: list[str], texts: dict[str, str]) -> None:
    found = detect(paths, texts)
    assert (found.framework is None or found.language) and found == detect(reversed(paths), texts)
