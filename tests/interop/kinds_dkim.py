# SPDX-License-Identifier: Apache-2.0
"""Kinds of disagreement on DKIM and ARC; what decides each is in doc/interop.md."""
import re

# What we refuse with this reason, and others let pass: the kind is named after the reason.
STRICTER = ("sha1", "key_short", "key_strict", "key_hash", "key_version", "key_syntax", "key_type", "key_broken",
            "key_service", "version", "tag_missing", "syntax", "domain", "auid_domain", "expired", "algorithm",
            "canonicalization", "query_method", "body_length", "from_not_signed", "selector", "too_many")


def last_line(message):
    return message.rpartition(b"\n")[2]


def kind_of_end(message):
    if last_line(message).strip(b" \t") != last_line(message):
        return "last-line-white"
    return "last-line-open" if last_line(message) else None


def arc_case(message):
    names = re.findall(rb"(?im)^(ARC-[a-z-]+)[ \t]*:", message)
    return any(n not in (b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results") for n in names)


def shuffled(message):
    found = [int(i) for i in re.findall(rb"(?im)^ARC-[a-z-]+[ \t]*:(?:[^\r\n]|\r\n[ \t])*?\bi\s*=\s*(\d+)", message)]
    return found != sorted(found, reverse=True)


def without_c(message):
    fields = re.findall(rb"(?im)^ARC-Message-Signature[ \t]*:(?:[^\r\n]|\r\n[ \t])*", message)
    return any(not re.search(rb"[;:]\s*c\s*=", field) for field in fields)


def from_count(message):
    head = message.partition(b"\r\n\r\n")[0]
    return len(re.findall(rb"(?im)^From[ \t]*:", head))


def field_white(message):
    head = message.partition(b"\r\n\r\n")[0]
    return re.search(rb"(?m)^[!-9;-~]+[ \t]+:", head) is not None


def passing(who, theirs, message):
    """Ours passes, theirs does not."""
    if "Unexpected characters in RFC822 header" in theirs:
        return "name-white"
    if "ed25519" in theirs:
        return "ed25519-unknown"
    if "does not support hash algorithm" in theirs:
        return "key-h-white"
    if who == "Mail::DKIM" and re.search(rb"[;:]\s*l\s*=\s*0\s*[;\r]", message):
        return "l-zero"
    kind = kind_of_end(message)
    if kind is None and who == "Mail::DKIM" and field_white(message):
        kind = "name-white"
    return kind


def kind_of_arc(who, ours, theirs, message):
    words = ours.split(" ")
    if who == "dkimpy" and "Unexpected characters" in theirs:
        return "name-white"
    if who == "dkimpy" and words[0] == "pass" and arc_case(message):
        return "arc-name-case"
    if who == "dkimpy" and theirs.startswith("IndexError"):
        return "dkimpy-raises"
    if theirs == "none" and words[0] == "fail":
        return "chain-none"
    if words[0] == "fail" and theirs.startswith("pass"):
        return "arc-" + words[-1]
    if words[0] == "pass" and who == "dkimpy" and from_count(message) > 1:
        return "from-oversigned"
    if words[0] == "pass" and kind_of_end(message):
        return kind_of_end(message)
    if words[0] == "pass" and shuffled(message):
        return "arc-order"
    if words[0] == "pass" and "does not support hash algorithm" in theirs:
        return "key-h-white"
    if words[0] == "pass" and who == "Mail::DKIM" and without_c(message):
        return "arc-no-c"
    if words[0] == "pass" and who == "Mail::DKIM" and field_white(message):
        return "name-white"
    return None


def kind_of_dkim(who, ours, theirs, message):
    single = ours.split(",")
    if any(s.startswith("temperror") for s in single):
        return "temporary"
    if who == "libopendkim" and len(single) > 1 and "pass" in ours:
        return "one-for-all"
    if ours.startswith("pass"):
        kind = passing(who, theirs, message)
        if kind is None and who == "dkimpy" and from_count(message) > 1:
            kind = "from-oversigned"
        return kind
    if theirs.startswith("pass"):
        for reason in STRICTER:
            if any(s.endswith(" " + reason) for s in single):
                return "strict-" + reason
    return None


def kind_of(who, what, ours, theirs, message):
    kind = kind_of_arc(who, ours, theirs, message) if what == "arc" else kind_of_dkim(who, ours, theirs, message)
    return kind or "unknown %s|%s|%s" % (what, ours, theirs[:60])
