"""The wheel: what is in it, and that it works where nothing else is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

import liverelay
from liverelay.server.documentation.manual import Manual
from tests.support.command import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

# The package index may be slow; a broken one is told from a broken wheel by pip's own words.
_INDEX_TROUBLE = re.compile(
    r"Could not fetch|NewConnectionError|ConnectTimeout|Max retries|No matching distribution"
    r"|ProxyError|Temporary failure in name resolution"
)


def _pip(*arguments: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 and _INDEX_TROUBLE.search(result.stderr):
        pytest.skip(f"no package index: {result.stderr.splitlines()[-1]}")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of what is under version control, or would be."""
    directory = tmp_path_factory.mktemp("wheel")
    source = directory / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the files that belong to the package are not known")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    _pip("wheel", "--no-deps", "--wheel-dir", str(directory), str(source))
    return next(directory.glob("*.whl"))


@pytest.mark.timeout(120)
def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {PurePosixPath(name) for name in archive.namelist()}

    modules = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("liverelay/**/*.py")}
    assert {PurePosixPath(name) for name in modules} <= names
    pages = (ROOT / "liverelay" / "server" / "pages").glob("*/*")
    assert {PurePosixPath(path.relative_to(ROOT)) for path in pages} <= names
    assert PurePosixPath("liverelay/py.typed") in names
    tops = {"liverelay", f"liverelay-{liverelay.__version__}.dist-info"}
    assert {name.parts[0] for name in names} == tops
    parts = {part for name in names for part in name.parts}
    assert not parts & {"tests", "node_modules", "__pycache__", "benchmarks"}


@pytest.mark.timeout(120)
def test_wheel_has_the_documentation_where_the_server_looks_for_it(
    wheel: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)

    packed, ours = Manual(tmp_path / "liverelay" / "manual"), Manual(ROOT)
    assert packed.paths() == ours.paths()
    assert packed.attachments() == ours.attachments()


@pytest.mark.timeout(120)
def test_wheel_says_what_it_is(wheel: Path) -> None:
    assert wheel.name == f"liverelay-{liverelay.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        info = f"liverelay-{liverelay.__version__}.dist-info"
        metadata = archive.read(f"{info}/METADATA").decode()
        entry_points = archive.read(f"{info}/entry_points.txt").decode()

    assert f"\nVersion: {liverelay.__version__}\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "liverelay = liverelay.cli.app:main" in entry_points


@pytest.mark.timeout(300)
def test_wheel_works_in_a_new_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment)
    programs = environment / "bin"
    # By our pip, because to install another takes as long as the wheel. Little of what is installed
    # is run, and each module once, so that it need not be compiled before.
    _pip("--python", str(programs / "python"), "install", "--no-compile", "--quiet", str(wheel))
    variables = {"PATH": str(programs), "HOME": str(tmp_path)}

    def run(*arguments: str) -> str:
        return subprocess.run(
            [programs / arguments[0], *arguments[1:]],
            env=variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert run("liverelay", "--version") == f"liverelay {liverelay.__version__}\n"
    assert run("python", "-m", "liverelay", "--version") == f"liverelay {liverelay.__version__}\n"
    assert run("liverelay", "keys", "create", "app").startswith("lr_")
    assert set(json.loads(run("liverelay", "rooms", "create", "--json"))) == {
        "id",
        "type",
        "tokens",
    }
    # Everything that the server imports is a dependency that the wheel declares.
    assert run("python", "-c", "import liverelay.server.runner") == ""
    shown = run(
        "python",
        "-c",
        "from liverelay.server.documentation.manual import Manual, find_root\n"
        "print(Manual(find_root()).render('docs/quickstart.md'))",
    )
    assert '<h1 id="quick-start">' in shown
