from pathlib import Path
from urllib.parse import urlsplit

page = Path(__file__).with_name("page.html").read_bytes()


def answer(target):
    """GET / gives the page."""
    if urlsplit(target).path != "/":
        return 404, "text/plain", b"There is no such page.\n"
    return 200, "text/html; charset=utf-8", page
