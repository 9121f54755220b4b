"""http.client, requests and httpx, asked by lines of JSON: a row of requests on one connection."""

import base64
import http.client
import urllib.parse

import httpx
import requests

from lines import serve
from messages import packed

TIMEOUT = 30
PART = 8192


def parts_of(body):
    return (body[start : start + PART] for start in range(0, len(body), PART))


def answer(status, version, headers, body):
    found = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return {"status": status, "version": version, "headers": found, "body": packed(body)}


def with_http_client(asks, old):
    url = urllib.parse.urlsplit(asks[0]["url"])
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT)
    if old:
        connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    sockets = set()
    answers = []
    for ask in asks:
        url = urllib.parse.urlsplit(ask["url"])
        body = base64.b64decode(ask.get("body") or "") or None
        chunked = ask.get("chunked", False)
        connection.request(
            ask["method"],
            url._replace(scheme="", netloc="").geturl(),
            parts_of(body) if chunked else body,
            ask.get("headers") or {},
            encode_chunked=chunked,
        )
        sockets.add(connection.sock)
        response = connection.getresponse()
        version = {10: "HTTP/1.0", 11: "HTTP/1.1"}[response.version]
        answers.append(answer(response.status, version, response.getheaders(), response.read()))
    connection.close()
    return {"answers": answers, "connections": len(sockets)}


def with_requests(asks):
    answers = []
    with requests.Session() as session:
        session.trust_env = False
        for ask in asks:
            body = base64.b64decode(ask.get("body") or "") or None
            response = session.request(
                ask["method"],
                ask["url"],
                data=parts_of(body) if ask.get("chunked") else body,
                headers=ask.get("headers"),
                timeout=TIMEOUT,
                allow_redirects=False,
            )
            version = {10: "HTTP/1.0", 11: "HTTP/1.1"}[response.raw.version]
            headers = response.headers.items()
            answers.append(answer(response.status_code, version, headers, response.content))
        pools = session.get_adapter(asks[0]["url"]).poolmanager.pools
        connections = sum(pools[key].num_connections for key in pools.keys())
    return {"answers": answers, "connections": connections}


def with_httpx(asks):
    answers = []
    streams = set()
    with httpx.Client(timeout=TIMEOUT, trust_env=False) as client:
        for ask in asks:
            body = base64.b64decode(ask.get("body") or "") or None
            response = client.request(
                ask["method"],
                ask["url"],
                content=parts_of(body) if ask.get("chunked") else body,
                headers=ask.get("headers"),
            )
            streams.add(response.extensions["network_stream"].get_extra_info("client_addr"))
            headers = response.headers.multi_items()
            answers.append(answer(response.status_code, response.http_version, headers, response.content))
    return {"answers": answers, "connections": len(streams)}


def rest(ask):
    asks = ask["requests"]
    match ask["client"]:
        case "http.client":
            return with_http_client(asks, ask.get("old", False))
        case "requests":
            return with_requests(asks)
        case "httpx":
            return with_httpx(asks)
    raise ValueError(ask["client"])


serve({"rest": rest})
