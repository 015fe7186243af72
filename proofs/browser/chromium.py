"""Drives a headless Chromium through its DevTools protocol over two pipes: no port, no driver, no package.

Chromium reads commands from file descriptor 3 and answers on 4. Each message is a JSON document followed by a NUL.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

#: The command's name on Debian, on Ubuntu, and on GitHub's runners.
NAMES = ("chromium", "chromium-browser", "google-chrome")

#: With these flags the browser looks up and fetches nothing except what a page asks for.
FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)

PATIENCE = 60.0

#: A message of the DevTools protocol, or a part of one.
Message = dict[str, Any]

#: The script with the object `look`, which inspects a page.
LOOK = (Path(__file__).parent / "look.js").read_text()


class BrowserFailed(RuntimeError):
    """The browser did not start, did not answer, or did not do what it was asked."""


def installed() -> str | None:
    """Returns the browser's path; None if there is no browser."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Chromium:
    """One browser. It runs until the end of the `with` block."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._number = 0
        self._read = b""

    def __enter__(self) -> Self:
        self._profile = tempfile.TemporaryDirectory(prefix="lockstep-chromium-", ignore_cleanup_errors=True)
        # Chromium's sandbox does not work for root in a container.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        its_in, ours_out = os.pipe()
        ours_in, its_out = os.pipe()
        # Numbers above those that the shell uses, so that no redirection hits another descriptor.
        passed = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (its_in, its_out)]
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{passed[0]} 4>&{passed[1]}', self._path, *FLAGS, *sandbox]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={self._profile.name}", "about:blank"], pass_fds=passed,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        for end in (its_in, its_out, *passed):
            os.close(end)
        self._in, self._out = ours_in, ours_out
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call("Browser.close")
            self._process.wait(15)
        except (BrowserFailed, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._profile.cleanup()

    def page(self, width: int, height: int = 800, scheme: str = "light") -> Page:
        """Opens a new window."""
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        return Page(self, target, session, width, height, scheme)

    def call(self, method: str, parameters: Message | None = None, page: Page | None = None) -> Message:
        """Sends a command and waits for its answer. The page keeps the events that arrive meanwhile."""
        number = self._send(method, parameters, page)
        while True:
            answer = self.next(page)
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserFailed(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _send(self, method: str, parameters: Message | None, page: Page | None) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if page:
            message["sessionId"] = page.session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._number

    def next(self, page: Page | None) -> Message:
        """Returns the next message. If it is an event, `page` keeps it."""
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self._read:
            left = deadline - time.monotonic()
            readable = select.select([self._in], [], [], max(left, 0))[0]
            chunk = os.read(self._in, 1 << 20) if readable else b""
            if not chunk:
                raise BrowserFailed("the browser has ended" if readable else "the browser does not answer")
            self._read += chunk
        text, self._read = self._read.split(b"\0", 1)
        message = json.loads(text)
        if page and message.get("sessionId") == page.session and "method" in message:
            page.events.append(message)
            if message["method"] == "Page.javascriptDialogOpening":
                # An open dialog would block every other command.
                self._send("Page.handleJavaScriptDialog", {"accept": False}, page)
        return message


class Page:
    """One window: its content, and all its events."""

    def __init__(self, browser: Chromium, target: str, session: str, width: int, height: int, scheme: str) -> None:
        self.session = session
        self.events: list[Message] = []
        self._browser, self._target = browser, target
        self._scheme = scheme
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.media("screen")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.call("Target.closeTarget", {"targetId": self._target})

    def call(self, method: str, **parameters: Any) -> Message:
        """Sends a command to this window."""
        return self._browser.call(method, parameters, self)

    def media(self, media: str) -> None:
        """Shows the page as on a screen, or as on paper."""
        scheme = {"name": "prefers-color-scheme", "value": self._scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def open(self, url: str) -> None:
        """Goes to a page and waits until it is loaded completely. Then `look` can inspect it."""
        failure = self.call("Page.navigate", url=url).get("errorText")
        if failure:
            raise BrowserFailed(f"{url}: {failure}")
        self.wait_for("Page.loadEventFired")
        self.run(f"globalThis.look = (() => {{ {LOOK}; return look; }})(); 0")

    def wait_for(self, method: str) -> None:
        """Waits until an event of this kind has happened."""
        while not self.happened(method):
            self._browser.next(self)

    def happened(self, *methods: str) -> list[Message]:
        """Returns the events of some kinds."""
        return [event["params"] for event in self.events if event["method"] in methods]

    def said(self) -> list[Message]:
        """Returns what a page that only shows text never has: errors, warnings, messages, dialogs, windows."""
        return self.happened(
            "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening",
            "Page.windowOpen", "Page.frameAttached", "Page.downloadWillBegin",
        )

    def asked(self) -> set[str]:
        """Returns every address that the page requested, including its own."""
        return {event["request"]["url"] for event in self.happened("Network.requestWillBeSent")}

    def run(self, script: str) -> Any:
        """Returns the value of an expression. The page's own policy does not restrict it."""
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise BrowserFailed(json.dumps(done["exceptionDetails"]))
        return done["result"].get("value")

    def press_tab(self) -> None:
        """Presses and releases the tabulator key."""
        key = {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
        self.call("Input.dispatchKeyEvent", type="keyDown", **key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **key)
