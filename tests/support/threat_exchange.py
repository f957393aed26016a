"""Requests to Meta's ThreatExchange, and its responses."""

import json
from urllib.parse import parse_qs, urlsplit

from support.reputation_server import Reply

SECRET = "aSdF123GhK"


def descriptor(text, status):
    """Return a descriptor as ThreatExchange documents it."""
    return {
        "id": "881335228606937",
        "indicator": {"id": "501655576609539", "indicator": text, "type": "URI"},
        "owner": {"id": "588498724619612", "name": "X"},
        "confidence": 50,
        "status": status,
        "severity": "SEVERE",
        "share_level": "GREEN",
        "privacy_type": "VISIBLE",
        "raw_indicator": text,
        "type": "URI",
        "added_on": "2015-07-07T22:36:04+0000",
        "last_updated": "2020-07-24T05:25:48+0000",
    }


def answered(*descriptors):
    body = {"data": descriptors, "paging": {"cursors": {"before": "MAZDZD", "after": "MjQZD"}}}
    return {"code": 200, "body": json.dumps(body)}


def error_of(code):
    return {"error": {"message": SECRET, "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu"}}


def failed(code, error):
    return {"code": code, "body": json.dumps(error_of(error))}


def searches(asked):
    """Return the query of each operation of a request."""
    operations = json.loads(asked.form["batch"])
    return [parse_qs(urlsplit(each["relative_url"]).query, strict_parsing=True) for each in operations]


def texts(asked):
    return [search["text"][0] for search in searches(asked)]


def members_say(**statuses):
    """Return a responder with descriptors of these statuses, by host."""

    def respond(asked):
        return Reply(
            [
                answered(
                    *(descriptor(text, status) for status in statuses[urlsplit(text).netloc.split(".")[0]])
                )
                for text in texts(asked)
            ]
        )

    return respond
