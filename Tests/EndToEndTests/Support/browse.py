"""Approves a device as a person would, in a real browser without JavaScript:

    browse.py URL NAME PASSWORD [--fleet FLEET] [--deny] [--width PIXELS] [--screenshot FILE]

URL is the approval page with its code. Prints the text of the last page. FILE (.png) gets a picture of it, and FILE.1.png,
FILE.2.png those of the pages before. Needs Debian's chromium and chromium-driver, speaks W3C WebDriver to them.
"""
import argparse
import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the word of the WebDriver standard for "this is an element"
PATIENCE = 30  # seconds for one page; the first start of a browser on a busy machine is slow


class Driver:
    """chromedriver and one browser, gone at the end with all they wrote."""

    def __enter__(self):
        program = shutil.which("chromedriver") or sys.exit("browse.py: no chromedriver: scripts/bootstrap.sh browser")
        self.home = tempfile.mkdtemp(prefix="cmdop-browser-")
        self.log = open(self.home + "/driver.log", "w+")
        self.process = subprocess.Popen([program, "--port=0"], stdout=self.log, stderr=subprocess.STDOUT)
        self.base = f"http://127.0.0.1:{self._port()}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.session = None
        return self

    def _port(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            with open(self.log.name) as log:
                found = re.search(r"started successfully on port (\d+)", log.read())
            if found:
                return int(found.group(1))
            time.sleep(0.05)
        sys.exit("browse.py: chromedriver did not start")

    def __exit__(self, *_):
        if self.session:
            try:
                self.call("DELETE", "")
            except (OSError, RuntimeError):
                pass  # it ends below in any case
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self, width):
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--no-proxy-server", "--hide-scrollbars", f"--user-data-dir={self.home}/profile", "--window-size=1200,900",
        ]
        options = {
            "args": arguments,
            # 2: blocked. What WebDriver itself runs in a page is not the page's.
            "prefs": {"profile.managed_default_content_settings.javascript": 2},
        }
        wanted = {
            "browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": options,
            "timeouts": {"pageLoad": PATIENCE * 1000, "implicit": 0},
        }
        answer = self.send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = answer["sessionId"]
        # A window cannot be narrower than 500 pixels, a page can.
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data, {"content-type": "application/json"}, method=method)
        try:
            with self.opener.open(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise RuntimeError(f"{method} {path}: {value['error']}: {value['message'].splitlines()[0]}") from None

    def call(self, method, path, body=None):
        return self.send(method, f"/session/{self.session}{path}", body)

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def find(self, selector):
        found = self.call("POST", "/elements", {"using": "css selector", "value": selector})
        return found[0][ELEMENT] if found else None

    def element(self, selector):
        return self.find(selector) or fail(self, f"the page has no {selector}")

    def type(self, selector, text):
        element = self.element(selector)
        self.call("POST", f"/element/{element}/clear", {})
        self.call("POST", f"/element/{element}/value", {"text": text})

    def click(self, selector):
        self.call("POST", f"/element/{self.element(selector)}/click", {})

    def leave(self, selector):
        """Clicks what leads to another page, and waits until it is there."""
        before = self.element("html")
        self.click(selector)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.find("html") not in (before, None) and self.find("h1"):
                return
            time.sleep(0.05)
        fail(self, f"{selector} led nowhere")

    def text(self):
        return self.call("GET", f"/element/{self.element('body')}/text")

    def picture(self, file):
        # All of the page, also what lies below the window.
        size = self.devtools("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        with open(file, "wb") as picture:
            picture.write(base64.b64decode(shot["data"]))


def fail(driver, reason):
    sys.exit(f"browse.py: {reason}; it says:\n{driver.text()}")


def main():
    words = argparse.ArgumentParser(description="Approves a device in a browser without JavaScript.")
    words.add_argument("url")
    words.add_argument("name")
    words.add_argument("password")
    words.add_argument("--fleet", help="the first one if not given")
    words.add_argument("--deny", action="store_true")
    words.add_argument("--width", type=int, default=1200, help="of the screen, in pixels (1200)")
    words.add_argument("--screenshot", metavar="FILE")
    given = words.parse_args()
    count = 0

    with Driver() as driver:
        driver.start(given.width)

        def keep(last=False):
            nonlocal count
            count += 1
            if given.screenshot:
                driver.picture(given.screenshot if last else f"{given.screenshot}.{count}.png")

        # Scripts of pages must not run, or this proves less than it says.
        driver.open("data:text/html,<title>off</title><script>document.title='on'</script>")
        if driver.call("GET", "/title") != "off":
            sys.exit("browse.py: JavaScript is not switched off")

        driver.open(given.url)
        if driver.find("input[name=password]"):
            keep()
            driver.type("input[name=name]", given.name)
            driver.type("input[name=password]", given.password)
            driver.leave("main form button")
        if not driver.find("button[name=decision]"):
            fail(driver, "this is not the approval page")
        if given.fleet:
            option = next(
                (it[ELEMENT] for it in driver.call(
                    "POST", "/elements", {"using": "css selector", "value": "select[name=fleet] option"})
                 if driver.call("GET", f"/element/{it[ELEMENT]}/attribute/value") == given.fleet), None)
            if option is None:
                fail(driver, f"the fleet {given.fleet} cannot be chosen")
            driver.call("POST", f"/element/{option}/click", {})
        keep()
        driver.leave(f"button[value={'deny' if given.deny else 'approve'}]")
        keep(last=True)
        print(driver.text())


main()
