"""A real browser for the tests: Chromium without a screen, driven by selenium.

    def test_it(browse):
        page = browse("http://127.0.0.1:8080/", dark=True)
        page.until(lambda: page.text("#total") == "5", "the total")

The fixture `chromium` is one browser for the session, `browse` opens a page in
it in a tab of its own. When the test ends, what the browser had to say against
the page is an error: on the console, by the policy of the page, or that it
asked another host for something. Nothing is fetched for it: browser and driver
are Debian's, axe-core is what scripts/axe-fetch keeps.
"""

import json
import os
import shutil
import subprocess
import urllib.parse

import pytest

import oc

try:
    from selenium import webdriver
    from selenium.common.exceptions import (
        ElementNotInteractableException, StaleElementReferenceException)
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = Keys = None

PHONE = (390, 844)
DESK = (1280, 900)
WALL = (3840, 2160)

FLAGS = ["--headless=new", "--no-first-run", "--no-proxy-server",
         "--disable-background-networking", "--disable-component-update",
         "--disable-default-apps", "--disable-extensions", "--disable-sync",
         "--disable-dev-shm-usage", "--disable-features=Translate",
         "--force-color-profile=srgb", "--font-render-hinting=none",
         "--hide-scrollbars", "--lang=en-US"]

# What a page says on the console when its server is not there.
UNREACHABLE = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET",
               "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED_ENCODING",
               "ERR_SOCKET_NOT_CONNECTED")

AXE_LIMIT_S = 300

# Everything that axe-core has a rule for, the best practices, too.
AXE_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
    (found) => done(found.violations.map((rule) => ({
        rule: rule.id, impact: rule.impact, help: rule.help,
        nodes: rule.nodes.map((node) =>
            [node.target.join(" "), node.failureSummary])}))),
    (error) => done([{rule: "axe", help: String(error)}]));
"""


# In one go: between two looks the page may have drawn it anew.
IS_SHOWN = """
const node = document.querySelector(arguments[0]);
const isShown = (node) => node !== null && node.getClientRects().length > 0 &&
    getComputedStyle(node).visibility === "visible";
"""


def start_chromium(folder):
    """Chromium, with its profile in a folder; an oc.environment() for it."""
    missing = [name for name in ("chromium", "chromedriver")
               if not shutil.which(name)] + ["selenium"] * (not webdriver)
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: scripts/setup test")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in [*FLAGS, f"--user-data-dir={folder}/profile",
                 *(["--no-sandbox"] if os.geteuid() == 0 else [])]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs",
                           {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option(
        "perfLoggingPrefs", {"enableNetwork": True, "enablePage": False})
    service = Service(executable_path=shutil.which("chromedriver"),
                      log_path=os.path.join(folder, "chromedriver.log"),
                      env=oc.environment())
    driver = webdriver.Chrome(service=service, options=options)
    driver.set_page_load_timeout(oc.DEADLINE_S)
    driver.set_script_timeout(oc.DEADLINE_S)
    driver.get("about:blank")
    return driver


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """One browser for all tests: starting one takes longer than most of them.
    """
    driver = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def browse(chromium):
    """browse(url, size=, dark=, motion=, allow=) opens a Page in a new tab.

    To be asked for after what the server of the page needs: it is closed
    before that goes.
    """
    opened = []

    def start(url, **more):
        opened.append(Page(chromium, url, **more))
        return opened[-1]

    yield start
    problems = [problem for page in opened[::-1] for problem in page.close()]
    assert not problems, "the browser says:\n" + "\n".join(problems)


@pytest.fixture(scope="session")
def axe():
    """The text of axe-core."""
    done = subprocess.run([os.path.join(oc.ROOT, "scripts", "axe-fetch")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=AXE_LIMIT_S,
                          check=False)
    assert done.returncode == 0, done.stderr.decode()
    with open(done.stdout.decode().rstrip("\n"), encoding="utf-8") as file:
        return file.read()


class Page:
    """A page in a tab of its own.

    size: of the view, in CSS pixels. dark: what the person prefers; motion:
    that they do not mind any. script: runs before the page's own. allow: parts
    of what the console may say, such as UNREACHABLE.
    """

    def __init__(self, driver, url, size=DESK, dark=False, motion=False,
                 script=None, allow=()):
        self.driver = driver
        self.url = url
        self.allow = list(allow)
        self.said = []
        self.requests = []
        driver.get_log("browser")  # of the tab before, while it closed
        driver.switch_to.new_window("tab")
        self._tab = driver.current_window_handle
        self.resize(*size)
        self.prefer(dark, motion)
        self.cdp("Network.setCacheDisabled", cacheDisabled=True)
        if script:
            self.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)
        driver.get(url)

    def close(self):
        """Closes the tab; returns what there is to say against the page."""
        self.go()
        self._drain()
        self.cdp("Storage.clearDataForOrigin", origin=self.origin,
                 storageTypes="all")
        self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
        return self.problems()

    def go(self):
        """Looks at this one again, after another one was opened."""
        self.driver.switch_to.window(self._tab)

    @property
    def origin(self):
        return "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(self.url))

    def cdp(self, command, **arguments):
        """A command of the DevTools protocol, to this tab."""
        return self.driver.execute_cdp_cmd(command, arguments)

    # --- what the browser says

    def _drain(self):
        self.said += [entry for entry in self.driver.get_log("browser")
                      if entry["level"] in ("SEVERE", "WARNING")]
        for event in self.driver.get_log("performance"):
            event = json.loads(event["message"])
            message = event["message"]
            if (event["webview"] == self._tab and
                    message["method"] == "Network.requestWillBeSent"):
                self.requests.append(message["params"]["request"]["url"])

    def problems(self):
        found = [f"{entry['level']} {entry['message']}" for entry in self.said
                 if not any(text in entry["message"] for text in self.allow)]
        return found + [f"asked for {url}" for url in self.requests
                        if not url.startswith(self.origin + "/")]

    def heard(self, text):
        """Whether the console has said that."""
        self._drain()
        return any(text in entry["message"] for entry in self.said)

    def requested(self):
        """The paths that were asked for so far, in order."""
        self._drain()
        return [url[len(self.origin):] for url in self.requests]

    # --- how it is looked at

    def resize(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=1, mobile=width < 600)

    def prefer(self, dark=False, motion=False):
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion",
             "value": "no-preference" if motion else "reduce"}])

    def picture(self):
        """A PNG of what can be seen."""
        return self.driver.get_screenshot_as_png()

    # --- what is on it

    def script(self, text, *arguments):
        """What a function of this text returns in the page."""
        return self.driver.execute_script(text, *arguments)

    def text(self, selector):
        """What a person sees there; "" if it is not shown."""
        return self.script(IS_SHOWN + """
            return isShown(node) ? node.innerText : "";""", selector)

    def attribute(self, selector, name):
        return self.script(
            "return document.querySelector(arguments[0])"
            "?.getAttribute(arguments[1])", selector, name)

    def count(self, selector):
        return self.script(
            "return document.querySelectorAll(arguments[0]).length", selector)

    def element(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def is_shown(self, selector):
        return self.script(IS_SHOWN + "return isShown(node);", selector)

    def focused(self):
        """The id of what has the focus, or what it is."""
        return self.script(
            "const it = document.activeElement; return it.id || it.outerHTML")

    def click(self, selector):
        """As soon as it is there and holds still."""
        def clicked():
            try:
                self.element(selector).click()
            except (ElementNotInteractableException,
                    StaleElementReferenceException):
                return False
            return True
        self.until(clicked, f"{selector} to be clicked")

    def point_at(self, selector, x, y):
        """At a place, counted from its middle."""
        ActionChains(self.driver).move_to_element_with_offset(
            self.element(selector), x, y).perform()

    def click_at(self, selector, x, y):
        ActionChains(self.driver).move_to_element_with_offset(
            self.element(selector), x, y).click().perform()

    def press(self, *keys):
        """To what has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def until(self, condition, what, seen=lambda: ""):
        """oc.until, that tells what is on the page when it was in vain."""
        def all_seen():
            self._drain()
            return "\n".join([str(seen()), self.text("body"),
                              *self.problems()])
        return oc.until(condition, what, all_seen, pause_s=0.01)

    def until_state(self, selector, state):
        """Until its data-state is that."""
        self.until(lambda: self.attribute(selector, "data-state") == state,
                   f"{selector} to be {state}",
                   lambda: self.attribute(selector, "data-state"))

    # --- what axe-core says

    def violations(self, axe):
        """Everything that axe-core finds, a list of what a person can read."""
        if not self.script("return typeof axe === 'object'"):
            self.script(axe)
        found = self.driver.execute_async_script(AXE_RUN)
        return [f"{rule['rule']} ({rule.get('impact')}): {rule['help']}: "
                f"{rule.get('nodes')}" for rule in found]
