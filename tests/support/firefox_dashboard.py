"""What `tests/browser/test_firefox.py` runs inside a network namespace; prints JSON.

`python -m tests.support.firefox_dashboard`. A person logs in to the dashboard, makes a room, goes
live, looks at the preview and stops.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.browsers import firefox_page
from tests.support.media_server import KEY, serving
from tests.support.namespace import ADDRESS

_VISIT = """(async (key) => {
  const refused = [];
  addEventListener('error', ({ message }) => refused.push(message));
  addEventListener('unhandledrejection', ({ reason }) => refused.push(String(reason)));
  addEventListener('securitypolicyviolation', ({ blockedURI }) => refused.push(blockedURI));
  const until = async (find) => {
    for (const deadline = Date.now() + 20000; Date.now() < deadline; ) {
      const found = find();
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`never came true: ${find}; ${document.body.innerText}`);
  };
  const press = async (name) => (await until(() =>
    [...document.querySelectorAll('button')].find((button) =>
      button.textContent === name && button.checkVisibility() && !button.disabled))).click();
  const shows = (text) => until(() => document.body.innerText.includes(text));

  document.getElementById('key').value = key;
  await press('Log in');
  await press('New broadcast');
  await press('Go live with camera');
  await shows('You are live in');
  await press('Preview');
  const video = document.getElementById('preview');
  await until(() => video.videoWidth && video.currentTime > 1);
  await shows('kbit/s');
  const streams = document.querySelector('[aria-label="Published streams"]').innerText;
  const seen = { streams, width: video.videoWidth };
  await press('Stop');
  await shows('Nobody is live');
  return { ...seen, agent: navigator.userAgent, refused };
})(%s)"""


async def main() -> None:
    with TemporaryDirectory() as directory:
        async with (
            serving(Path(directory), public_address=(ADDRESS,)) as server,
            firefox_page(f"{server.server.url}/dashboard/") as page,
        ):
            sys.stdout.write(json.dumps(await page.evaluate(_VISIT % json.dumps(KEY))))


if __name__ == "__main__":
    asyncio.run(main())
