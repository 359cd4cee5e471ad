"""Signs in to a server as an admin and lifts the daily limit of calls of a company, by the forms of its pages."""

import sys
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar


class Fields(HTMLParser):
    """The fields of the form that has a given action, as a browser would send them."""

    def __init__(self, action):
        super().__init__()
        self.action, self.inside, self.found = action, False, []

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "form":
            self.inside = has.get("action") == self.action
        elif tag == "input" and self.inside and has.get("name"):
            ticked = has.get("type") not in ("radio", "checkbox") or "checked" in has
            if ticked:
                self.found.append((has["name"], has.get("value", "")))

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False


def main(address, admin, password, company):
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def send(path, fields):
        body = urllib.parse.urlencode(fields).encode()
        return browser.open(urllib.request.Request(address + path, body, {"Origin": address}))

    send("/sign-in", [("email", admin), ("password", password)])
    path = f"/companies/{company}/settings/delivery"
    form = Fields(path)
    form.feed(browser.open(address + path).read().decode())
    changed = {"calls_per_token": "0", "action": "save"}
    fields = [(name, value) for name, value in form.found if name not in changed]
    reply = send(path, fields + list(changed.items()))
    assert reply.status == 200, reply.status


main(*sys.argv[1:])
