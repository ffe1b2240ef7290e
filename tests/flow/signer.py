# SPDX-License-Identifier: Apache-2.0
"""Signs messages as a sender or a forwarder does: DKIM (RFC 6376, RFC 8463) and ARC (RFC 8617), with keys made here.

OpenSSL's library does the sums, in this process: 10,000 messages take some seconds. Messages are bytes with
LF line ends, as in a Maildir; what is signed is the same with CRLF.
"""
import base64
import ctypes
import hashlib
import re

FIELDS = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding")

_crypto = ctypes.CDLL("libcrypto.so.3")
for _name in ("EVP_PKEY_Q_keygen", "EVP_MD_CTX_new"):
    getattr(_crypto, _name).restype = ctypes.c_void_p


def _pointer(value):
    return ctypes.c_void_p(value)


class Key:
    """kind: rsa or ed25519. It lives as long as the process."""

    def __init__(self, kind="rsa", bits=2048):
        self.kind = kind
        size = [ctypes.c_size_t(bits)] if kind == "rsa" else []
        self.key = _pointer(_crypto.EVP_PKEY_Q_keygen(None, None, kind.upper().encode(), *size))
        self.context = _pointer(_crypto.EVP_MD_CTX_new())
        if not self.key or not self.context:
            raise RuntimeError("no key")

    @property
    def algorithm(self):
        return self.kind + "-sha256"

    def sign(self, data):
        """In base64."""
        digest, told = None, data
        if self.kind == "rsa":
            digest = b"SHA256"
        else:
            told = hashlib.sha256(data).digest()
        out, size = ctypes.create_string_buffer(1024), ctypes.c_size_t(1024)
        _crypto.EVP_MD_CTX_reset(self.context)
        if _crypto.EVP_DigestSignInit_ex(self.context, None, digest, None, None, self.key, None) != 1 or \
                _crypto.EVP_DigestSign(self.context, out, ctypes.byref(size), told, ctypes.c_size_t(len(told))) != 1:
            raise RuntimeError("not signed")
        return base64.b64encode(out.raw[:size.value]).decode()

    def record(self, tags=""):
        """What DNS publishes of it."""
        if self.kind == "rsa":
            size = _crypto.i2d_PUBKEY(self.key, None)
            raw = ctypes.create_string_buffer(size)
            at = ctypes.c_void_p(ctypes.addressof(raw))
            _crypto.i2d_PUBKEY(self.key, ctypes.byref(at))
        else:
            raw, size = ctypes.create_string_buffer(32), ctypes.c_size_t(32)
            _crypto.EVP_PKEY_get_raw_public_key(self.key, raw, ctypes.byref(size))
        return "v=DKIM1; k=%s; %sp=%s" % (self.kind, tags, base64.b64encode(raw.raw[:32 if self.kind != "rsa" else size]
                                                                         ).decode())


def split(message):
    """Fields as [name, whole text with its line end], top down, and the body."""
    head, gap, body = message.partition(b"\n\n")
    fields = re.findall(rb"[^\n]*(?:\n[ \t][^\n]*)*", head)
    return [(text.split(b":", 1)[0].strip().lower().decode("latin-1"), text + b"\n") for text in fields if text], \
        body if gap else b""


def _crlf(data):
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def canonical_field(text, how):
    text = _crlf(text)
    if how == "simple":
        return text
    name, value = text.split(b":", 1)
    value = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")
    return name.strip().lower() + b":" + value + b"\r\n"


def canonical_body(body, how):
    body = _crlf(body)
    if how == "relaxed":
        body = re.sub(rb"[ \t]+\r\n", b"\r\n", re.sub(rb"[ \t]+", b" ", body))
    body = re.sub(rb"(?:\r\n)*\Z", b"", body)
    return body + b"\r\n" if body or how == "simple" else b""


def _signed(message, key, header, tags, fields, how, length):
    """The field `header`, its signature at the end."""
    header_how, body_how = how.split("/")
    own, body = split(message)
    body = canonical_body(body, body_how)
    if length is not None:
        tags += "; l=%d" % length
        body = body[:length]
    text = ("%s: %s; a=%s; c=%s;\n\th=%s;\n\tbh=%s;\n\tb=" % (
        header, tags, key.algorithm, how, ":".join(fields),
        base64.b64encode(hashlib.sha256(body).digest()).decode())).encode()
    data, used = [], set()
    for name in fields:
        at = next((at for at in range(len(own) - 1, -1, -1) if own[at][0] == name.lower() and at not in used), None)
        if at is not None:
            used.add(at)
            data.append(canonical_field(own[at][1], header_how))
    data.append(canonical_field(text + b"\n", header_how)[:-2])
    return text + key.sign(b"".join(data)).encode() + b"\n"


def dkim(message, key, domain, selector="s", fields=FIELDS, how="relaxed/relaxed", length=None, tags=""):
    """The message with a signature above it. fields: h= as given, a name twice for an oversigned one; tags: more of
    them, "t=1; x=2". length: l=."""
    more = "; " + tags if tags else ""
    return _signed(message, key, "DKIM-Signature", "v=1; d=%s; s=%s%s" % (domain, selector, more), fields, how,
                   length) + message


def arc(message, key, domain, selector="s", results="none", cv=None, authserv_id=None, fields=FIELDS):
    """The message with a further ARC set above it. cv: "none" for the first and "pass" for later ones unless given."""
    own = split(message)[0]
    instance = 1 + sum(name == "arc-seal" for name, _ in own)
    first = ("ARC-Authentication-Results: i=%d; %s; %s\n" % (instance, authserv_id or domain, results)).encode()
    second = _signed(message, key, "ARC-Message-Signature", "i=%d; d=%s; s=%s" % (instance, domain, selector), fields,
                     "relaxed/relaxed", None)
    seal = ("ARC-Seal: i=%d; a=%s; d=%s; s=%s; cv=%s;\n\tb=" % (
        instance, key.algorithm, domain, selector, cv or ("none" if instance == 1 else "pass"))).encode()
    data = []
    for number in range(1, instance):
        for kind in ("arc-authentication-results", "arc-message-signature", "arc-seal"):
            data += [text for name, text in own if name == kind and re.search(rb"\bi=%d\b" % number, text)]
    data = b"".join(canonical_field(text, "relaxed") for text in data + [first, second]) + \
        canonical_field(seal + b"\n", "relaxed")[:-2]
    return seal + key.sign(data).encode() + b"\n" + second + first + message
