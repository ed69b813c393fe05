"""The other calls on contacts: labels, merging, deleting, facets, and jobs over many contacts."""

from __future__ import annotations

import pytest
from sandbox.answers import ANN, BOB, MEG

GET = "contacts.getContact(id)"
# A job is not in the SDK's modules: it is asked for by address, as the SDK signs requests.
DONE = """
    const address = `https://www.wixapis.com/contacts/v4/bulk/${path}/${jobId}`;
    for (;;) {
        const { job } = await (await client.fetchWithAuth(address)).json();
        if (job.status === "COMPLETED") return job;
    }
"""


def done(sdk, call, *, path="jobs", **values):
    """Start a job and give it as it is when it is over."""
    return sdk(f"const {{ jobId }} = await contacts.{call}; {DONE}", path=path, **values)


def counts(job):
    """Give the type of a job and how many contacts it was about, with what success."""
    return tuple(job[name] for name in ("type", "totalItems", "successTotal", "failedTotal"))


def test_labels(sdk):
    """Labels are put on a contact and taken off, by one call for several."""
    put = sdk("contacts.labelContact(id, ['custom.press', 'custom.vip'])", id=ANN)["contact"]
    off = sdk("contacts.unlabelContact(id, ['custom.vip', 'custom.press'])", id=ANN)["contact"]

    assert ["custom.vip", "custom.press"] == put["info"]["labelKeys"]["items"]
    assert [] == off["info"].get("labelKeys", {}).get("items", [])
    assert off == sdk(GET, id=ANN)
    assert (6, 7) == (put["revision"], off["revision"])


def test_delete(sdk):
    """A deleted contact is gone; the SDK gives an empty answer."""
    assert {} == sdk("contacts.deleteContact(id)", id=BOB)
    assert 404 == sdk.error(GET, id=BOB)["status"]
    assert 2 == sdk("contacts.queryContacts().find()")["totalCount"]


def test_merge(sdk):
    """A merge gives what its preview gave, and the source's id then leads to the target."""
    sources = {"sourceContactIds": [BOB]}
    preview = sdk("contacts.previewMergeContacts(id, options)", id=ANN, options=sources)
    untouched = sdk(GET, id=ANN)
    merged = sdk("contacts.mergeContacts(id, 5, options)", id=ANN, options=sources)["contact"]

    assert 5 == untouched["revision"]
    assert preview["contact"]["info"] == merged["info"]
    assert (6, "CONTACT_MERGED") == (merged["revision"], merged["lastActivity"]["activityType"])
    assert merged["_updatedDate"] == merged["lastActivity"]["activityDate"]
    emails = [one["email"] for one in merged["info"]["emails"]["items"]]
    assert ["ann@example.com", "Ann.Work@example.org", "bob@example.com"] == emails
    assert ["custom.vip", "custom.press"] == merged["info"]["labelKeys"]["items"]
    assert {"first": "Ann", "last": "Ashgrovely"} == merged["info"]["name"]
    assert merged == sdk(GET, id=BOB)
    assert 0 == sdk("contacts.queryContacts().eq('_id', id).find()", id=BOB)["totalCount"]


def test_facets(still):
    """Facets count contacts, and their filters find the same contacts when queried."""
    answer = still("contacts.listFacets()")
    facets = {(one["facetType"], one["facetKey"]): one for one in answer["facets"]}
    vip = facets["LABEL", "custom.vip"]

    assert len(answer["facets"]) == answer["pagingMetadata"]["total"]
    assert 2 == vip["count"]
    query = {"filter": vip["queryFilter"]}
    found = still("contacts.queryContacts(query)", query=query)["contacts"]
    assert [ANN, BOB] == [one["_id"] for one in found]
    kinds = {"ALL_CONTACTS", "NOT_LABELED", "LABEL", "SUBSCRIPTION_STATUS", "MEMBERSHIP_STATUS"}
    assert {kind for kind, _ in facets} <= kinds


def test_facets_of_some(still):
    """A filter narrows what facets count, and paging what of them comes."""
    name = "info.extendedFields.emailSubscriptions.subscriptionStatus"
    options = {"filter": {name: "SUBSCRIBED"}, "paging": {"limit": 100}}
    answer = still("contacts.queryFacets(options)", options=options)
    page = still("contacts.listFacets({ paging: { limit: 2, offset: 1 } })")

    assert [1] == [one["count"] for one in answer["facets"] if one["facetKey"] == "custom.vip"]
    assert (2, 1) == (len(page["facets"]), page["pagingMetadata"]["offset"])


@pytest.mark.parametrize("path", ["jobs", "contact/jobs"])
def test_bulk_update(sdk, path):
    """A bulk update starts a job, which is found under both addresses of jobs."""
    call = "bulkUpdateContacts({ filter: { _id: { $in: [ann, bob] } }, info })"
    info = {"company": "Merged Ltd", "addresses": {"items": [{"address": {"addressLine1": "1"}}]}}
    job = done(sdk, call, path=path, ann=ANN, bob=BOB, info=info)

    assert ("UPDATE", 2, 2, 0) == counts(job)
    assert [] == job["errors"]
    for contact_id in (ANN, BOB):
        contact = sdk(GET, id=contact_id)
        assert "Merged Ltd" == contact["info"]["company"]
        assert "1" == contact["info"]["addresses"]["items"][0]["address"]["addressLine1"]
    assert "company" not in sdk(GET, id=MEG)["info"]


def test_bulk_labels(sdk):
    """Labels are put on and taken off many contacts at once."""
    call = """bulkLabelAndUnlabelContacts({
        filter: { "info.labelKeys": { $hasSome: ["custom.vip"] } },
        labelKeysToAdd: ["custom.press"],
        labelKeysToRemove: ["custom.vip"],
    })"""
    job = done(sdk, call)

    assert ("ADD_REMOVE_LABELS", 2, 2, 0) == counts(job)
    for contact_id in (ANN, BOB):
        assert ["custom.press"] == sdk(GET, id=contact_id)["info"]["labelKeys"]["items"]


def test_bulk_delete(sdk):
    """Who cannot be deleted stays, and the job says how many and why."""
    call = "bulkDeleteContacts({ filter: { _id: { $ne: ann } } })"
    job = done(sdk, call, ann=ANN)

    assert ("DELETE", 2, 1, 1) == counts(job)
    (error,) = job["errors"]
    assert (1, "CANNOT_DELETE_SITE_MEMBERS") == (error["count"], error["code"])
    left = sdk("contacts.queryContacts().find()")["items"]
    assert [ANN, MEG] == [one["_id"] for one in left]


def test_bulk_by_search(sdk):
    """A text that is searched for chooses contacts too."""
    call = "bulkUpdateContacts({ search: 'Bramwickson', info: { jobTitle: 'Baker' } })"

    assert ("UPDATE", 1, 1, 0) == counts(done(sdk, call))
    assert "Baker" == sdk(GET, id=BOB)["info"]["jobTitle"]


def test_jobs_are_listed(sdk):
    """All jobs of the site can be asked for."""
    job = done(sdk, "bulkDeleteContacts({ search: 'Nobody' })")
    code = """
        const answer = await client.fetchWithAuth("https://www.wixapis.com/contacts/v4/bulk/jobs");
        return [answer.status, await answer.json()];
    """

    assert [200, {"jobs": [job]}] == sdk(code)
    assert ("DELETE", 0, 0, 0) == counts(job)
