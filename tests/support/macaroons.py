"""Tokens of every format that people find, encoded here from the formats' own descriptions, with the names of each.

Written without looking at the reader in static/js: the two agree only where both follow the format.
"""

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from pathlib import Path

FLY_NAMESPACE = uuid.UUID("968fc2c6-a94f-4988-a544-2ad72b02f222")  # superfly/macaroon, nonce.go
# RFC 7519, the example of section 3.1; github.com/ecordell/pymacaroons, tests/functional_tests/serialization_tests.py (MIT).
RFC_7519 = (
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc1"
    "9yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)
PYMACAROONS_1 = (
    "MDAxOWxvY2F0aW9uIG15IGxvY2F0aW9uCjAwMWRpZGVudGlmaWVyIG15IGlkZW50aWZpZXIKMDAxMmNpZCBmcCBjYXZlYXQKMDAxMmNpZCB0cCBjYXZlYXQK"
    "MDA1MXZpZCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACn8yDEet8ud+825gOjM0pZOVE8/HpV6Zqxac+kl0BYToVaY64VfiwHj5rWgBREOkKMDAxM2NsIHRw"
    "IGxvY2F0aW9uCjAwMmZzaWduYXR1cmUgSDs4gcmZDlCZy2aV2jFk2qZNpgQXvK+encTAqZaPZjYK"
)
PYMACAROONS_2 = (
    "AgELbXkgbG9jYXRpb24CDW15IGlkZW50aWZpZXIAAglmcCBjYXZlYXQAAQt0cCBsb2NhdGlvbgIJdHAgY2F2ZWF0BEgAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAACn8yDEet8ud+825gOjM0pZOVE8/HpV6Zqxac+kl0BYToVaY64VfiwHj5rWgBREOkAAAYgSDs4gcmZDlCZy2aV2jFk2qZNpgQXvK+encTAqZaPZjY"
)
PYMACAROONS_SIGNATURE = (
    "483b3881c9990e5099cb6695da3164daa64da60417bcaf9e9dc4c0a9968f6636"  # the same vector in hexadecimal
)


@dataclass(frozen=True)
class Found:
    """A token as it is found: `text` stands in the paste, `secret` is what may go nowhere; its names open nothing."""

    kind: str
    text: str
    secret: str
    id: str | None
    fingerprint: str | None


def every(seed: str) -> list[Found]:
    """One of each format; other ones for another seed."""
    key = hashlib.sha256(seed.encode()).digest()
    secret, long = (base64.b64encode(hashlib.sha512(key + word).digest()).decode() for word in (b"a", b"b"))
    letters = "".join(one for one in secret + long if one.isalnum())
    return [
        *_fly(key),
        _libmacaroons(key, 1),
        _libmacaroons(key, 2),
        _jwt(key),
        Found("AWS secret key", f"AKIA{key.hex().upper()[:16]} {secret[:40]}", secret[:40], None, _hash(secret[:40])),
        _github(f"ghp_{letters[:36]}"),
        _github(f"github_pat_{letters[:22]}_{letters[22:81]}"),
        _plain("Slack token", f"xoxb-{letters[:11]}-{letters[11:40]}"),
        _plain("AWS session token", f"IQoJ{letters[:110]}"),
        _plain("Bearer credential", letters[5:45], "Authorization: Bearer {}"),
        _plain("Hexadecimal secret", hashlib.sha384(key).hexdigest()),
    ]


def _hash(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def _plain(kind: str, token: str, around: str = "{}") -> Found:
    return Found(kind, around.format(token), token, None, _hash(token))


def _github(token: str) -> Found:
    return Found(
        "GitHub token", token, token, base64.b64encode(hashlib.sha256(token.encode()).digest()).decode(), _hash(token)
    )


def _jwt(key: bytes) -> Found:
    jti = str(uuid.UUID(bytes=key[:16]))
    parts = [
        {"alg": "HS256", "kid": "2026"},
        {"iss": "https://issuer", "sub": "usr_7", "jti": jti, "exp": 1_798_761_600},
    ]
    signed = ".".join(_url(json.dumps(part).encode()) for part in parts)
    token = f"{signed}.{_url(hmac.digest(key, signed.encode(), 'sha256'))}"
    return Found("JSON Web Token", token, token, jti, _hash(token))


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _libmacaroons(key: bytes, version: int) -> Found:
    """libmacaroons, doc/format.txt."""
    identifier, caveat = f"we-used-{key.hex()[:12]}".encode(), b"account = 3735928559"
    root = hmac.digest(b"macaroons-key-generator", key, "sha256")
    signature = hmac.digest(hmac.digest(root, identifier, "sha256"), caveat, "sha256")

    def packet(name: bytes, value: bytes) -> bytes:
        return f"{len(name) + len(value) + 6:04x}".encode() + name + b" " + value + b"\n"

    def field(kind: int, value: bytes) -> bytes:
        return bytes([kind, len(value)]) + value

    if version == 1:
        parts = {b"location": b"https://bank", b"identifier": identifier, b"cid": caveat, b"signature": signature}
        binary = b"".join(packet(name, value) for name, value in parts.items())
    else:
        header = b"\2" + field(1, b"https://bank") + field(2, identifier) + b"\0"
        binary = header + field(2, caveat) + b"\0\0" + field(6, signature)
    token = _url(binary)
    return Found(f"Macaroon (libmacaroons, version {version})", token, token, identifier.decode(), _hash(signature))


def _fly(key: bytes) -> list[Found]:
    """superfly/macaroon: a permission token with an organisation and an end, narrowed by its holder; and a discharge."""
    kid, random, ticket = b"signing-key-7", key[:16], hashlib.sha512(key).digest()
    caveats: list[object] = [
        0,
        [9876, 31],
        4,
        [1_767_225_600, 1_798_761_600],
        11,
        ["https://auth.example", key + key, ticket],
    ]
    nonce: list[object] = [kid, random, False]
    tail = hmac.digest(key, _packed(nonce), "sha256")
    for number in range(0, len(caveats), 2):
        tail = hmac.digest(tail, _packed(caveats[number : number + 2]), "sha256")
    permission = [nonce, "https://api.example/v1", caveats, tail]
    proof = hashlib.sha256(hmac.digest(tail, b"discharged", "sha256")).digest()
    discharge = [[ticket, random, True], "https://auth.example", [4, [1_767_225_600, 1_767_229_200]], proof]
    found = []
    for kind, token, of, end in (("Permission", permission, kid, tail), ("Discharge", discharge, ticket, proof)):
        text = base64.b64encode(_packed(token)).decode()
        id_ = _uuid5(_uuid5(FLY_NAMESPACE, of), random)
        found.append(Found(f"{kind} token (superfly/macaroon)", f"FlyV1 fm2_{text}", text, str(id_), _hash(end)))
    both = ",".join(one.text.removeprefix("FlyV1 ") for one in found)
    return [Found(one.kind, f"FlyV1 {both}", one.secret, one.id, one.fingerprint) for one in found]


def _uuid5(space: uuid.UUID, data: bytes) -> uuid.UUID:
    """RFC 9562, of bytes; Python's own takes text only."""
    return uuid.UUID(bytes=hashlib.sha1(space.bytes + data).digest()[:16], version=5)


def _packed(value: object) -> bytes:
    """MessagePack, as much as these tokens need: https://github.com/msgpack/msgpack/blob/master/spec.md."""
    match value:
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return (
                bytes([value])
                if value < 128
                else b"\xcd" + value.to_bytes(2, "big")
                if value < 2**16
                else b"\xce" + value.to_bytes(4, "big")
            )
        case bytes():
            return b"\xc4" + bytes([len(value)]) + value
        case str():
            data = value.encode()
            return (bytes([0xA0 + len(data)]) if len(data) < 32 else b"\xd9" + bytes([len(data)])) + data
        case list():
            return bytes([0x90 + len(value)]) + b"".join(map(_packed, value))
        case _:
            raise TypeError(value)


def published(data: Path) -> list[Found]:
    """Tokens that others made: superfly's own library, pymacaroons' tests, the RFC."""
    fly = json.loads((data / "tokens" / "superfly.json").read_text())
    print_ = _hash(bytes.fromhex(PYMACAROONS_SIGNATURE))
    return [
        *(
            Found(
                f"{one['kind'].title()} token (superfly/macaroon)",
                one["token"],
                one["token"].partition("_")[2],
                one["id"],
                one["fingerprint"],
            )
            for one in fly
        ),
        Found("Macaroon (libmacaroons, version 1)", PYMACAROONS_1, PYMACAROONS_1, "my identifier", print_),
        Found("Macaroon (libmacaroons, version 2)", PYMACAROONS_2, PYMACAROONS_2, "my identifier", print_),
        Found("JSON Web Token", RFC_7519, RFC_7519, None, _hash(RFC_7519)),
    ]
