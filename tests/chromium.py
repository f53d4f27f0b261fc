"""A headless Chromium that is driven over its own protocol and sends all traffic through a proxy that counts."""

from __future__ import annotations

import json
import re
import shutil
import socketserver
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-features=OptimizationHints,OptimizationGuideModelDownloading,MediaRouter,Translate,PreconnectToSearch",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    # Loopback goes through the proxy too.
    "--proxy-bypass-list=<-loopback>",
)


_OWN_HOSTS = re.compile(r"^CONNECT [\w.-]+\.(google|googleapis|gvt1)\.com:443 ")
"""The browser's maker, whom it calls by itself now and then; what a tab asks for is in `Tab.requests` anyway."""


class CountingProxy(socketserver.ThreadingTCPServer):
    """Refuses everything and remembers what was asked for."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Refuse)
        self.asked: list[str] = []

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])


class _Refuse(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, CountingProxy)
        line = self.rfile.readline().decode("latin-1").strip()
        if line and not _OWN_HOSTS.match(line):
            self.server.asked.append(line)
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


class Tab:
    """One page of the browser."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=30)
        self._number = 0
        self.complaints: list[str] = []
        self.requests: list[str] = []
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and wait for its answer."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message)

    def open(self, page: Path, width: int, height: int = 900) -> None:
        """Load a file at a screen width and wait until it is loaded; what came before is forgotten."""
        self.complaints.clear()
        self.requests.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.call("Page.navigate", url=page.as_uri())
        while True:
            message = json.loads(self._socket.recv())
            self._note(message)
            if message.get("method") == "Page.loadEventFired":
                return

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(message["params"]["entry"]["text"])
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(message["params"]["exceptionDetails"]))


@contextmanager
def chromium(profile: Path) -> Iterator[tuple[Tab, CountingProxy]]:
    """A browser with a fresh profile; skips the test where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip(
            "no chromium, chromium-browser or google-chrome on the PATH: install one to run this test"
        )
    with CountingProxy() as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}", f"--proxy-server=127.0.0.1:{proxy.port}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield Tab(_page_address(browser)), proxy
        finally:
            browser.kill()
            browser.communicate()
            proxy.shutdown()


def _page_address(browser: subprocess.Popen[str]) -> str:
    assert browser.stderr is not None
    said: list[str] = []
    for line in browser.stderr:
        said.append(line)
        if "DevTools listening on ws://" in line:
            place = line.rpartition("ws://")[2].partition("/")[0]
            with urllib.request.urlopen(f"http://{place}/json") as answer:
                targets = json.load(answer)
            return str(next(t["webSocketDebuggerUrl"] for t in targets if t["type"] == "page"))
    raise AssertionError(f"chromium ended before it could be driven: {''.join(said)}")
