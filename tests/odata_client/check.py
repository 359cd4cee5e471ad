"""An OData client and a validator that nobody here wrote, against a running server.

python-odata reads the service by its metadata: it makes its own classes, filters, orders, pages by nextLink, and reads one
entity by its key. lxml holds the metadata against OASIS's schemas. Fails at the first difference.

Usage: check.py ADDRESS TOKEN FOLDER_OF_SCHEMAS
"""

import datetime
import json
import pathlib
import sys

import requests
from lxml import etree
from odata import ODataService


def service(address, token, headers=None):
    return ODataService(
        address,
        auth=("anybody", token),
        reflect_entities=True,
        quiet_progress=True,
        extra_headers=headers,
    )


def must(what, found, wanted):
    if found != wanted:
        sys.exit(f"WRONG {what}: found {found!r}, wanted {wanted!r}")
    print(f"ok {what}")


def validate_metadata(address, token, schemas):
    reply = requests.get(address + "$metadata", auth=("x", token), timeout=30)
    reply.raise_for_status()

    class Offline(etree.Resolver):
        """The schemas name one another by address; these are the copies of the package."""

        def resolve(self, url, _, context):
            return self.resolve_filename(str(schemas / pathlib.Path(url).name), context)

    parser = etree.XMLParser()
    parser.resolvers.add(Offline())
    schema = etree.XMLSchema(etree.parse(str(schemas / "edmx.xsd"), parser))
    schema.assertValid(etree.fromstring(reply.content))
    print("ok the metadata are as OASIS's edmx.xsd and edm.xsd want them")


def rows_of(address, token):
    """What the other door says, to compare with."""
    root = address.removesuffix("odata/v4/")
    headers = {"Authorization": f"Bearer {token}"}
    rows, cursor = [], None
    while True:
        params = {"limit": 1000, **({"cursor": cursor} if cursor else {})}
        page = requests.get(root + "api/v1/progress", params=params, headers=headers, timeout=30)
        page.raise_for_status()
        rows += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if not cursor:
            return rows


def main():
    address, token, schemas = sys.argv[1] + "/odata/v4/", sys.argv[2], pathlib.Path(sys.argv[3])
    validate_metadata(address, token, schemas)
    rows = rows_of(address, token)
    if len(rows) < 4:
        sys.exit(f"WRONG the server has {len(rows)} rows only, so this proves nothing")
    found = service(address, token, {"Prefer": f"odata.maxpagesize={len(rows) // 3 + 1}"})
    must("sets", sorted(found.entities), ["Courses", "Progress", "SyncRuns", "Users"])
    progress = found.entities["Progress"]
    keys = lambda entities: [(one.UserId, one.CourseId) for one in entities]
    wanted = lambda keep: [(row["userid"], row["courseid"]) for row in rows if keep(row)]

    must("all rows over three pages", keys(found.query(progress)), wanted(lambda row: True))
    query = found.query(progress)
    done = query.filter(progress.Status == "completed")
    must("eq", keys(done), wanted(lambda row: row["status"] == "completed"))
    undone = query.filter(progress.TimeCompleted == None)  # noqa: E711
    must("eq null", keys(undone), wanted(lambda row: row["timecompleted"] is None))
    part = rows[0]["coursename"][1:5]
    named = query.filter(progress.CourseName.contains(part))
    must("contains", keys(named), wanted(lambda row: part in row["coursename"]))
    begins = query.filter(progress.FirstName.startswith("A"))
    must("startswith", keys(begins), wanted(lambda row: row["firstname"].startswith("A")))
    both = query.filter((progress.UserId >= rows[1]["userid"]) & (progress.Status != "completed"))
    must(
        "ge and ne",
        keys(both),
        wanted(lambda row: row["userid"] >= rows[1]["userid"] and row["status"] != "completed"),
    )
    middle = sorted(row["enrolled_at"] for row in rows)[len(rows) // 2]
    moment = datetime.datetime.fromisoformat(middle.replace("Z", "+00:00"))
    since = query.filter(progress.EnrolledAt >= moment)
    must("a moment", keys(since), wanted(lambda row: row["enrolled_at"] >= middle))
    last = query.order_by(progress.UserId.desc(), progress.CourseId.asc()).limit(2).offset(1)
    order = sorted(wanted(lambda row: True), key=lambda key: (-key[0], key[1]))
    must("orderby, top, skip", keys(last), order[1:3])
    names = [one["FirstName"] for one in query.select(progress.FirstName).limit(3)]
    must("select", names, [row["firstname"] for row in rows[:3]])
    first = rows[0]
    entity = f"{address}Progress(UserId={first['userid']},CourseId={first['courseid']})"
    value = requests.get(f"{entity}/CourseName/$value", auth=("x", token), timeout=30)
    must("a property's text alone", value.text, first["coursename"])
    named = requests.get(
        f"{address}Progress/$count?$filter=Status eq @how&@how='completed'", auth=("x", token), timeout=30
    )
    done = len(wanted(lambda row: row["status"] == "completed"))
    must("an alias", named.text, str(done))
    user = found.entities["Users"]
    one = found.query(user).get(rows[0]["userid"])
    must("one entity by its key", one.Email, rows[0]["email"])
    types = type(list(query.limit(1))[0].ChangedAt)
    must("a moment is a moment", types, datetime.datetime)
    refused = requests.get(address, auth=("x", "alx_wrong"), timeout=30)
    must("no way in without a token", refused.status_code, 401)
    print("ODATA CLIENT OK: python-odata", json.dumps({"rows": len(rows)}))


if __name__ == "__main__":
    main()
