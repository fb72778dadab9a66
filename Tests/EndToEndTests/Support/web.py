"""Speaks to the relay's pages as a plain HTTP client with cookies would, and prints JSON, one line for each answer:

    web.py get URL
    web.py post URL [KEY=VALUE …]             a form
    web.py twice URL [KEY=VALUE …]            the same form two times, at once
    web.py json URL TEXT                      a JSON body
    web.py approve URL NAME PASSWORD FLEET    signs in at the approval page and approves; FLEET "-": the first one
    web.py deny URL NAME PASSWORD
    web.py guess URL NAME COUNT PASSWORD      COUNT wrong passwords, then this one
    web.py forge URL NAME PASSWORD            signs in, and approves as another site's page would
"""
import html
import http.cookiejar
import json
import re
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

OWN = {"sec-fetch-site": "same-origin"}
anyone = ssl._create_unverified_context()  # the relay's certificate is its own
client = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=anyone),
    urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))


def ask(url, fields=None, body=None, **headers):
    data = body if fields is None else urllib.parse.urlencode(fields).encode()
    try:
        answer = client.open(urllib.request.Request(url, data, headers), timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, dict((key.lower(), value) for key, value in answer.headers.items()), answer.read().decode()


def tell(status, headers, body):
    said = json.loads(body) if headers.get("content-type", "").startswith("application/json") else None
    text = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body.split("<body>")[-1])))
    print(json.dumps({"status": status, "headers": headers, "json": said, "text": text}), flush=True)


def field(page, name):
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page).group(1))


def sign_in(url, name, password, page=None):
    base = "/".join(url.split("/")[:3])
    page = page or ask(url)[2]
    fields = {"form": field(page, "form"), "name": name, "password": password}
    if 'name="code"' in page:
        fields["code"] = field(page, "code")
    return base, ask(base + "/device/sign-in", fields, **OWN)


def decide(url, name, password, decision, fleet="-", headers=OWN):
    base, answer = sign_in(url, name, password)
    if answer[0] != 200 or 'value="deny"' not in answer[2]:
        return answer
    page = answer[2]
    fleets = [html.unescape(it) for it in re.findall(r'<option value="([^"]*)"', page)]
    fields = {"form": field(page, "form"), "code": field(page, "code"), "decision": decision}
    if fleets:
        fields["fleet"] = fleets[0] if fleet == "-" else fleet
    return ask(base + "/device/decide", fields, **headers)


what, url, *rest = sys.argv[1:]
if what == "get":
    tell(*ask(url))
elif what == "post":
    tell(*ask(url, [tuple(pair.split("=", 1)) for pair in rest]))
elif what == "twice":
    for _ in range(2):
        tell(*ask(url, [tuple(pair.split("=", 1)) for pair in rest]))
elif what == "json":
    tell(*ask(url, body=rest[0].encode(), **{"content-type": "application/json"}))
elif what == "approve":
    tell(*decide(url, rest[0], rest[1], "approve", rest[2]))
elif what == "deny":
    tell(*decide(url, rest[0], rest[1], "deny"))
elif what == "forge":
    tell(*decide(url, rest[0], rest[1], "approve", headers={"sec-fetch-site": "cross-site", "origin": "https://evil.example"}))
elif what == "guess":
    page = ask(url)[2]
    for number in range(int(rest[1])):
        tell(*sign_in(url, rest[0], f"wrong password {number}", page)[1])
    tell(*sign_in(url, rest[0], rest[2], page)[1])
else:
    sys.exit(__doc__)
