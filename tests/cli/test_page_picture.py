"""The picture of the dashboard in README: make picture takes it anew."""

import os
import struct

import pytest

import oc
import picture
from dashboard import an_afternoon, until_kept, until_same

pytestmark = pytest.mark.tools

PATH = os.path.join(oc.ROOT, "man", "dashboard.png")
SIZE = (1200, 850)
MOST = 100 * 1024
WINDOWS = 90

# What is another number each time.
SETTLE = """
document.querySelector("#sources bdi").textContent = "tcp://localhost:9998";
for (const name of document.querySelectorAll("#process dt")) {
    const told = {Behind: "0 s", Memory: "9 MB"}[name.textContent];
    if (told)
        name.nextElementSibling.textContent = told;
}
"""


def take(dashboard, browse):
    run = dashboard("--top=4")
    run.send(an_afternoon(WINDOWS))
    page = browse(run.url, size=SIZE)
    until_same(page, run.windows(WINDOWS))
    until_kept(page, WINDOWS)
    page.until_state("#connection", "live")
    page.script(SETTLE)
    with open(PATH, "wb") as file:
        file.write(picture.shrink(page.picture()))


def test_the_picture_of_the_page_is_small(dashboard, browse):
    if os.environ.get("ORDERCOUNT_PICTURE"):
        take(dashboard, browse)
    with open(PATH, "rb") as file:
        png = file.read()
    assert png.startswith(picture.BEGIN) and len(png) < MOST
    assert struct.unpack_from(">II", png, 16) == SIZE
