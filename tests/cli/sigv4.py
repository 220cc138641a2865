"""Signature Version 4, as a service checks it.

Source: AWS General Reference, "Create a signed AWS API request". Written from
that text, so that it is a second opinion on what libcurl signs; the AWS SDK for
JavaScript holds it in turn (test_kinesis_service.py).
"""

import calendar
import hashlib
import hmac
import re
import time
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S = 300


class Refused(Exception):
    """What the service answers: the name of an error, and its message."""

    def __init__(self, name, message):
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def digest(data):
    return hashlib.sha256(data).hexdigest()


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def canonical_query(query):
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    return "&".join(f"{quote(name)}={quote(value)}"
                    for name, value in sorted(pairs))


def canonical_request(method, path, query, headers, signed, body):
    lines = [method, quote(urllib.parse.unquote(path), "/") or "/",
             canonical_query(query)]
    for name in signed:
        lines.append(f"{name}:" + re.sub(" +", " ", headers[name].strip()))
    lines += ["", ";".join(signed), digest(body)]
    return "\n".join(lines)


def signature(secret, day, region, service, stamp, request):
    key = sign(f"AWS4{secret}".encode(), day)
    for part in (region, service, "aws4_request"):
        key = sign(key, part)
    text = "\n".join([ALGORITHM, stamp,
                      f"{day}/{region}/{service}/aws4_request",
                      digest(request.encode())])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def read_authorization(value):
    """The parts of the header, or Refused."""
    found = re.fullmatch(
        ALGORITHM + r" Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/"
        r"aws4_request, ?SignedHeaders=([^, ]+), ?Signature=([0-9a-f]{64})",
        value)
    if not found:
        raise Refused("IncompleteSignatureException",
                      "Authorization header is not whole.")
    key, day, region, service, signed, given = found.groups()
    return key, day, region, service, signed.split(";"), given


def check_time(stamp, day, now):
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or stamp[:8] != day:
        raise Refused("InvalidSignatureException",
                      "Credential should be scoped to the day of X-Amz-Date.")
    when = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    if abs(now - when) > SKEW_S:
        word = "expired" if when < now else "not yet current"
        raise Refused("InvalidSignatureException",
                      f"Signature {word}: {stamp} is not near the time.")


def verify(request, secrets, region, service, now=None):
    """The access key that signed, or Refused.

    request has method, path (with its query), headers (a dict, names in lower
    case; one that comes twice is a list) and body. secrets: access key to
    (secret, token or None).
    """
    headers = request.headers
    if "authorization" not in headers:
        raise Refused("MissingAuthenticationTokenException",
                      "Missing Authentication Token")
    twice = [name for name, value in headers.items()
             if isinstance(value, list)]
    if twice:
        raise Refused("InvalidSignatureException", f"{twice[0]} came twice.")
    key, day, scope, asked, signed, given = read_authorization(
        headers["authorization"])
    if (scope, asked) != (region, service):
        raise Refused("InvalidSignatureException",
                      f"Credential should be scoped to a valid region and "
                      f"correct service: '{region}', '{service}'.")
    if key not in secrets:
        raise Refused("UnrecognizedClientException",
                      "The security token included in the request is invalid.")
    secret, token = secrets[key]
    needed = ["host", "x-amz-date"] + ["x-amz-security-token"] * bool(token)
    for name in needed + signed:
        if name not in headers or name not in signed:
            raise Refused("InvalidSignatureException",
                          f"'{name}' is not there or not signed.")
    if signed != sorted(set(signed)):
        raise Refused("InvalidSignatureException", "headers out of order")
    check_time(headers["x-amz-date"], day, time.time() if now is None else now)
    path, _, query = request.path.partition("?")
    text = canonical_request(request.method, path, query, headers, signed,
                             request.body)
    wanted = signature(secret, day, region, service, headers["x-amz-date"],
                       text)
    if not hmac.compare_digest(wanted, given):
        raise Refused("InvalidSignatureException",
                      "The request signature we calculated does not match the "
                      "signature you provided.")
    if headers.get("x-amz-security-token") != token:
        raise Refused("UnrecognizedClientException",
                      "The security token included in the request is invalid.")
    return key
