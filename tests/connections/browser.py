"""A browser, as far as a sign-in needs one: it opens an address, and follows where it is sent."""

import json
import os
import sys
from pathlib import Path
from urllib.request import ProxyHandler, build_opener


def browse(address):
    with build_opener(ProxyHandler({})).open(address, timeout=20) as page:
        return page.geturl(), dict(page.headers), page.read().decode()


if __name__ == "__main__":
    with Path(os.environ["BROWSER_LOG"]).open("a", encoding="utf-8") as log:
        log.write(json.dumps(sys.argv) + "\n")
    browse(sys.argv[1])
