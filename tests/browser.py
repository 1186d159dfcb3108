# SPDX-License-Identifier: GPL-3.0-or-later
"""A headless Chromium, driven through the WebDriver protocol of its chromedriver."""

import contextlib
import json
import os
import shutil
import subprocess
import urllib.request

NEEDED = "chromedriver", "chromium"  # apt: chromium-driver installs both


class Browser:
    """A page in a browser; `size` is (width, height) in CSS pixels."""

    def __init__(self, port):
        self._at = f"http://127.0.0.1:{port}/session"
        options = {"args": ["--headless=new", "--disable-gpu", "--no-first-run"]}
        options["args"] += ["--no-sandbox"] if os.geteuid() == 0 else []
        wanted = {"browserName": "chrome", "goog:chromeOptions": options}
        wanted["goog:loggingPrefs"] = {"browser": "ALL"}
        made = self._post("", {"capabilities": {"alwaysMatch": wanted}})
        self._at += f"/{made['sessionId']}"

    def _post(self, path, body, method="POST"):
        data = None if method == "DELETE" else json.dumps(body).encode()
        asked = urllib.request.Request(self._at + path, data, method=method)
        asked.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)["value"]

    def devtools(self, command, **given):
        """Run a command of the DevTools protocol; return its result."""
        return self._post("/goog/cdp/execute", {"cmd": command, "params": given})

    def open(self, url, size=(1280, 800), look="light"):
        """Open an address in a size and in the light or dark look."""
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 2}
        mobile = size[0] < 600
        self.devtools("Emulation.setDeviceMetricsOverride", mobile=mobile, **screen)
        scheme = {"name": "prefers-color-scheme", "value": look}
        self.devtools("Emulation.setEmulatedMedia", features=[scheme])
        self._post("/url", {"url": url})

    def run(self, script):
        """Return the value of JavaScript statements that return it."""
        return self._post("/execute/sync", {"script": script, "args": []})

    def complaints(self):
        """Return the messages of the console, such as those about the policy."""
        return self._post("/se/log", {"type": "browser"})

    def close(self):
        self._post("", None, "DELETE")


@contextlib.contextmanager
def browser():
    """Yield a Browser."""
    driver = subprocess.Popen(
        [shutil.which(NEEDED[0]), "--port=0"], stdout=subprocess.PIPE, text=True
    )
    try:
        port = None
        while port is None:
            line = driver.stdout.readline()
            assert line, "chromedriver has ended"
            if "successfully on port" in line:
                port = int(line.rpartition("port ")[2].strip(" .\n"))
        with contextlib.closing(Browser(port)) as made:
            yield made
    finally:
        driver.kill()
        driver.communicate()
