"""docs/install.md and the Dockerfile: what can be held against the package without installing."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import dockerfile
import pytest
import yaml

from liverelay.cli import health
from liverelay.config import Settings
from tests.support.snippets import ROOT, snippets

if TYPE_CHECKING:
    from pathlib import Path

PAGES = ["docs/install.md"]
COMMANDS = dockerfile.parse_file(str(ROOT / "Dockerfile"))


def instructions(name: str) -> list[dockerfile.Command]:
    return [command for command in COMMANDS if command.cmd.upper() == name]


def copied() -> set[str]:
    """Return the files that the image is built from, at the root of the repository."""
    sources = [c.value[:-1] for c in instructions("COPY") if not c.flags]
    return {path.name for patterns in sources for p in patterns for path in ROOT.glob(p)}


def test_dockerfile_copies_everything_that_the_wheel_is_made_of() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]}

    assert {*needed, *wheel["packages"], *wheel["force-include"]} <= copied()


def test_nothing_that_is_copied_is_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = {path.name for line in lines if line[:1] == "!" for path in ROOT.glob(line[1:])}

    assert copied() <= allowed


def test_image_has_the_oldest_python_that_is_supported_in_both_stages() -> None:
    bases = {command.value[0] for command in instructions("FROM")}

    assert bases == {f"python:{sys.version_info[0]}.11-slim"}


def test_image_exposes_the_default_port_both_ways() -> None:
    port = Settings().port

    assert [command.value for command in instructions("EXPOSE")] == [(f"{port}/tcp", f"{port}/udp")]


def test_image_runs_the_command_itself_so_that_signals_reach_it() -> None:
    (entry,), (default,) = instructions("ENTRYPOINT"), instructions("CMD")

    assert (entry.json, entry.value) == (True, ("liverelay",))
    assert (default.json, default.value) == (True, ("serve",))


def test_image_does_not_run_as_root() -> None:
    assert [command.value for command in instructions("USER")] == [("liverelay",)]


def test_health_check_asks_the_server_of_the_store_in_the_image() -> None:
    (check,), (environment,) = instructions("HEALTHCHECK"), instructions("ENV")

    flags = dict(flag.split("=") for flag in check.flags)
    variables = dict(zip(environment.value[::2], environment.value[1::2], strict=True))
    assert check.value == ("CMD", "liverelay", "health")
    assert variables["LIVERELAY_DATA_DIR"] == instructions("VOLUME")[0].value[0]
    assert int(flags["--timeout"].removesuffix("s")) > health._TIMEOUT


def test_documented_container_publishes_both_protocols_and_keeps_its_data() -> None:
    (block,) = [each.text for each in snippets("sh", pages=PAGES) if "docker run" in each.text]
    words = shlex.split(block.replace("\\\n", " "))

    assert {"8080:8080/tcp", "8080:8080/udp", "liverelay:/data"} <= set(words)
    assert instructions("VOLUME")[0].value == ("/data",)


def test_compose_file_does_the_same() -> None:
    (text,) = [each.text for each in snippets("yaml", pages=PAGES)]
    composed = yaml.safe_load(text)
    service = composed["services"]["liverelay"]

    volumes = [volume.split(":") for volume in service["volumes"]]
    assert set(service["ports"]) == {"8080:8080/tcp", "8080:8080/udp"}
    assert [directory for _, directory in volumes] == [*instructions("VOLUME")[0].value]
    assert {name for name, _ in volumes} == set(composed["volumes"])
    assert service["stop_grace_period"] == "15s"


def test_home_of_the_service_is_where_the_service_may_go() -> None:
    (block,) = [each.text for each in snippets("sh", pages=PAGES) if "useradd" in each.text]
    words = shlex.split(block.splitlines()[0])
    (unit,) = [each.text for each in snippets("ini", pages=PAGES)]
    lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)

    # ProtectHome= closes /home, where useradd would put it.
    assert words[words.index("--home-dir") + 1] == f"/var/lib/{lines['StateDirectory']}"
    assert words[-1] == lines["User"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_service_file_is_understood_by_systemd(tmp_path: Path) -> None:
    (unit,) = [each.text for each in snippets("ini", pages=PAGES)]
    program = tmp_path / "liverelay"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    file = tmp_path / "liverelay.service"
    file.write_text(unit.replace("/opt/liverelay/bin/liverelay", str(program)))

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, check=False
    )

    complaints = [line for line in done.stderr.splitlines() if "liverelay" in line]
    assert complaints == []
