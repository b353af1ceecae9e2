"""One version, 0.2.0, in every place that says one."""

from __future__ import annotations

import json

import pytest

import liverelay
from liverelay.server.openapi.document import build_document
from tests.support.command import ROOT

_SDK = ROOT / "liverelay" / "sdk_js"


def test_package_has_the_contracts_version() -> None:
    assert liverelay.__version__ == "0.2.0"


def test_openapi_document_has_the_version_of_the_package() -> None:
    info = build_document()["info"]

    assert isinstance(info, dict)
    assert info["version"] == liverelay.__version__


@pytest.mark.skipif(not _SDK.exists(), reason="the browser SDK is not in this tree yet")
def test_npm_package_has_the_version_of_the_package() -> None:
    package = json.loads((_SDK / "package.json").read_text("utf-8"))

    assert package["version"] == liverelay.__version__
