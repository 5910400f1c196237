import json
from urllib.parse import parse_qs, urlsplit


def answer(target):
    """GET /?name=Ada gives {"greeting": "Hello, Ada!"}."""
    url = urlsplit(target)
    if url.path != "/":
        return as_json(404, {"error": f"there is nothing at {url.path}"})
    name = parse_qs(url.query).get("name", ["world"])[0]
    return as_json(200, {"greeting": f"Hello, {name}!"})


def as_json(status, body):
    return status, "application/json", json.dumps(body).encode()
