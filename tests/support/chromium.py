"""How Chromium runs in tests: with a fake camera, and without what costs time and is not tested."""

from __future__ import annotations

from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")

# All but the first are for the user who clicks next: a process for the page that may be opened, and
# pages of the browser's own. Without them tests of pages need a third less CPU.
_UNWANTED = (
    "WebRtcHideLocalIpsWithMdns",
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
)

# Chromium asks before it opens a camera, and plays no sound unasked, as it does to users.
STRICT_FLAGS = (
    "--no-sandbox",
    "--use-fake-device-for-media-stream=device-count=3",
    "--allow-loopback-in-peer-connection",
    f"--disable-features={','.join(_UNWANTED)}",
    "--disable-background-networking",
)

# Every page may use the devices and play sound.
PERMISSIVE_FLAGS = (
    *STRICT_FLAGS,
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
