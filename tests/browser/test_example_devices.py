"""Cameras and microphones on the example pages: turned on, chosen, muted, and let go of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browser import press, wait_until_playing
from tests.support.example_pages import turn_on_camera

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]

# Each camera opens when `open` is called with its place in the order of asking.
HOLD_CAMERAS = """(() => {
  const capture = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const held = [];
  window.opened = [];
  window.asked = () => held.length;
  window.open = (place) => held[place]();
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    await new Promise((resolve) => held.push(resolve));
    opened.push(await capture(wanted));
    return opened.at(-1);
  };
})()"""

ASKED = "count => asked() === count"

# The cameras that are on, by their place in the order of opening.
ON = """() => opened
  .map((stream, place) => (stream.getVideoTracks()[0].readyState === 'live' ? place : null))
  .filter((place) => place !== null)"""

ENABLED = """kind => {
  const tracks = document.getElementById('preview').srcObject.getTracks();
  return tracks.find((track) => track.kind === kind).enabled;
}"""


@pytest.fixture(params=["publish.html", "call.html"])
def studio(open_example: Callable[..., Page], request: pytest.FixtureRequest) -> Page:
    return open_example(request.param, token="any")


def hold_cameras(page: Page) -> None:
    """Let no camera open before the test says so."""
    page.add_init_script(HOLD_CAMERAS)
    page.reload()


def choose(page: Page, label: str, place: int) -> None:
    page.get_by_label(label, exact=True).select_option(index=place)


def choose_camera(page: Page, place: int) -> None:
    """Choose a camera by its place in the list, and wait until its picture is there."""
    before = page.evaluate("document.getElementById('preview').srcObject.id")
    choose(page, "Camera", place)
    page.wait_for_function(
        "before => ![undefined, before].includes(document.getElementById('preview').srcObject?.id)",
        arg=before,
    )
    wait_until_playing(page, element="preview")


def test_mutes_outlive_another_camera(studio: Page) -> None:
    turn_on_camera(studio)
    press(studio, "Mute")
    press(studio, "Hide camera")

    choose_camera(studio, 1)

    expect(studio.get_by_role("button", name="Unmute")).to_be_enabled()
    expect(studio.get_by_text("Your camera is hidden")).to_be_visible()
    assert [studio.evaluate(ENABLED, kind) for kind in ("audio", "video")] == [False, False]
    press(studio, "Unmute")
    choose_camera(studio, 0)
    assert [studio.evaluate(ENABLED, kind) for kind in ("audio", "video")] == [True, False]


def test_mute_outlives_having_no_microphone(studio: Page) -> None:
    turn_on_camera(studio)
    press(studio, "Mute")

    studio.get_by_label("Microphone", exact=True).select_option("No microphone")
    expect(studio.get_by_role("button", name="Mute")).to_be_disabled()
    expect(studio.get_by_role("button", name="Hide camera")).to_be_enabled()
    choose(studio, "Microphone", 0)

    expect(studio.get_by_role("button", name="Unmute")).to_be_enabled()
    assert studio.evaluate(ENABLED, "audio") is False


def test_camera_is_turned_on_once(studio: Page) -> None:
    hold_cameras(studio)
    turn_on = studio.get_by_role("button", name="Turn on")

    turn_on.dblclick()
    studio.wait_for_function(ASKED, arg=1)
    expect(turn_on).to_be_disabled()
    studio.evaluate("open(0)")

    wait_until_playing(studio, element="preview")
    assert studio.evaluate("asked()") == 1


def test_quick_choices_leave_only_the_last_camera_on(studio: Page) -> None:
    hold_cameras(studio)
    press(studio, "Turn on camera and microphone")
    studio.wait_for_function(ASKED, arg=1)
    studio.evaluate("open(0)")
    wait_until_playing(studio, element="preview")
    start = studio.get_by_role("button", name="Go live").or_(
        studio.get_by_role("button", name="Join the call")
    )

    choose(studio, "Camera", 1)
    choose(studio, "Camera", 2)
    studio.wait_for_function(ASKED, arg=2)
    # Nothing can be sent while nothing is open, and phones open one camera at a time.
    expect(start).to_be_disabled()
    studio.evaluate("open(1)")
    studio.wait_for_function(ASKED, arg=3)
    expect(start).to_be_disabled()
    studio.evaluate("open(2)")

    wait_until_playing(studio, element="preview")
    expect(start).to_be_enabled()
    expect(studio.get_by_label("Camera", exact=True).locator("option:checked")).to_have_text(
        "fake_device_2"
    )
    assert studio.evaluate(ON) == [2]


@pytest.mark.parametrize("name", ["publish.html", "call.html"])
def test_keyboard_keeps_its_place_when_the_camera_is_refused(
    open_example: Callable[..., Page], name: str
) -> None:
    page = open_example(name, token="any")
    page.evaluate(
        """() => {
          navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException('', 'NotReadableError'));
        }"""
    )
    turn_on = page.get_by_role("button", name="Turn on")
    turn_on.focus()

    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("is in use")
    expect(turn_on).to_be_focused()
