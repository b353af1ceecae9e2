"""The npm package as its users get it: packed, then used by a bundler and by a plain page."""

from __future__ import annotations

import functools
import gzip
import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

import liverelay
from tests.support.browser import needs_chromium, open_browser, open_playwright
from tests.support.snippets import snippets

if TYPE_CHECKING:
    from collections.abc import Iterator

SDK = Path(liverelay.__file__).parent / "sdk_js"


def node_version() -> tuple[int, ...]:
    """(0,) where there is none."""
    node = shutil.which("node")
    if node is None:
        return (0,)
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in printed.stdout.strip().lstrip("v").split("."))


needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
needs_tools = pytest.mark.skipif(
    shutil.which("npm") is None or not (SDK / "node_modules").is_dir(),
    reason="npm or the SDK's development tools are not installed (make dev)",
)
needs_vite = pytest.mark.skipif(
    node_version() < (20, 19), reason="Vite needs Node.js 20.19 or later"
)

CONSUMER = """
import { LiveRelay, LiveRelayError, type PublishSession } from '@liverelay/sdk';

const lr = new LiveRelay({ server: 'https://sfu.example' });
const element = document.createElement('video');
const session: PublishSession = await lr.publish({ token: 't', video: true, audio: true });
session.isAudioMuted ? session.unmuteAudio() : session.muteAudio();
session.on('ended', ({ detail }) => console.log(detail.error?.serverCode));
await lr.subscribe({ token: 't', element, waitForPublisher: true, onStateChange: (state) => {
  const known: 'connecting' | 'connected' | 'disconnected' | 'failed' = state;
  console.log(known);
} });
const call = await lr.call({ token: 't', video: true, element, localElement: element });
const { roundTripTime } = await call.stats();
const error = new LiveRelayError(`${roundTripTime}`, { code: 'TIMEOUT' });
export const status: number | undefined = error.httpStatus;
// @ts-expect-error a token is required
await lr.publish({ video: true });
// @ts-expect-error a session has no such method
session.mute();
"""

# What the documentation's snippets in TypeScript take for granted.
NAMES = """
declare const session: import('@liverelay/sdk').PublishSession;
declare const shareButton: HTMLButtonElement;
declare const peerConnection: RTCPeerConnection;
declare const server: string;
declare const sessionId: string;
declare const token: string;
"""
DOCUMENTED = snippets("ts", pages=["docs/sdk.md", "docs/http-api.md"])


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(  # a failure's output belongs into the test's report
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def check_types(project: Path, *files: str | Path) -> None:
    tsc = SDK / "node_modules" / ".bin" / "tsc"
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--types", ""]
    run(tsc, *options, *files, cwd=project)


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packed")
    run("npm", "pack", "--silent", "--pack-destination", target, SDK, cwd=target)
    (packed,) = target.glob("*.tgz")
    return packed


@pytest.fixture
def project(tarball: Path, tmp_path: Path) -> Path:
    """An npm project that has the package and nothing else."""
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    run("npm", "install", "--silent", "--offline", tarball, cwd=tmp_path)
    return tmp_path


class QuietHandler(SimpleHTTPRequestHandler):
    """Files of one directory, and the SDK's script where a LiveRelay server has it."""

    @override
    def translate_path(self, path: str) -> str:
        if path == "/static/liverelay.js":
            return str(SDK / "liverelay.js")
        return super().translate_path(path)

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(directory: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def evaluate_in_chromium(url: str, expression: str) -> object:
    with open_playwright() as playwright, open_browser(playwright) as browser:
        page = browser.new_page()
        page.goto(url)
        value: object = page.evaluate(expression)
    return value


def test_sdk_has_the_version_of_the_server() -> None:
    manifest = json.loads((SDK / "package.json").read_text())
    lock = json.loads((SDK / "package-lock.json").read_text())

    assert manifest["version"] == liverelay.__version__
    assert lock["version"] == liverelay.__version__
    assert f"'{liverelay.__version__}'" in (SDK / "src" / "version.js").read_text()


def test_lock_file_names_no_registry() -> None:
    lock = json.loads((SDK / "package-lock.json").read_text())

    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_classic_script_is_under_ten_kilobytes_on_the_wire() -> None:
    script = (SDK / "liverelay.js").read_bytes()

    assert len(gzip.compress(script)) < 10_000


@needs_npm
@pytest.mark.timeout(120)
def test_packed_package_holds_sources_types_and_script_only(tarball: Path) -> None:
    listing = subprocess.run(
        ["tar", "-tzf", tarball], capture_output=True, text=True, check=True
    ).stdout.split()

    tops = {name.split("/")[1] for name in listing}
    assert tops == {"LICENSE", "README.md", "liverelay.js", "package.json", "src", "types"}
    assert "package/types/index.d.ts" in listing


@needs_tools
@pytest.mark.timeout(120)
def test_sdk_logic_passes_its_own_tests() -> None:
    tests = sorted((SDK / "tests").glob("*.test.js"))

    run("node", "--test", *tests, cwd=SDK)


@needs_tools
@pytest.mark.timeout(120)
def test_types_of_the_package_accept_what_is_documented_and_nothing_else(project: Path) -> None:
    (project / "consumer.ts").write_text(CONSUMER)

    check_types(project, "consumer.ts")


@needs_tools
@pytest.mark.timeout(120)
def test_types_of_the_package_accept_the_typescript_of_the_documentation(project: Path) -> None:
    (project / "names.d.ts").write_text(NAMES)
    files = [project / f"{Path(each.page).stem}-{each.line}.ts" for each in DOCUMENTED]
    for file, snippet in zip(files, DOCUMENTED, strict=True):
        file.write_text(f"{snippet.text}\nexport {{}};\n")

    check_types(project, "names.d.ts", *files)

    assert len(files) == 3


@needs_tools
@needs_vite
@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_vite_project_that_imports_the_package_runs_in_chromium(project: Path) -> None:
    (project / "index.html").write_text('<script type="module" src="/main.js"></script>')
    (project / "main.js").write_text(
        "import { LiveRelay, LiveRelayError } from '@liverelay/sdk';\n"
        "document.title = [LiveRelay.VERSION, typeof LiveRelayError, typeof window.LiveRelay];\n"
    )

    run("node", SDK / "node_modules" / "vite" / "bin" / "vite.js", "build", cwd=project)
    with served(project / "dist") as url:
        title = evaluate_in_chromium(url, "document.title")

    assert title == f"{liverelay.__version__},function,undefined"


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_plain_script_page_has_the_documented_globals(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="/static/liverelay.js"></script>')

    with served(tmp_path) as url:
        seen = evaluate_in_chromium(
            url,
            """async () => {
                const lr = new window.LiveRelay(location.origin);
                const error = await lr.publish({ token: 't', video: true }).catch((e) => e);
                return [
                    LiveRelay.VERSION,
                    error instanceof LiveRelayError && error.code,
                    error.httpStatus,
                    document.createElement('video').srcObject,
                ];
            }""",
        )

    # The stand-in server refuses every POST; what counts is how the SDK reports it.
    assert seen == [liverelay.__version__, "SERVER_ERROR", 501, None]
