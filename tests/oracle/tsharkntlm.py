"""What tshark says of NTLMSSP AUTHENTICATE messages; shares no code with the sensor."""

from __future__ import annotations

import json
import subprocess

_NAMES = {"NULL": ""}


def authenticates(capture) -> list[tuple]:
    """(client, account, workstation, flags, version, MIC, AV ids in order, AV flags, target name)."""
    command = ["tshark", "-r", str(capture), "-Y", "ntlmssp.messagetype == 3"]
    command += ["-T", "json", "--no-duplicate-keys"]
    out = subprocess.run(command, capture_output=True, check=False).stdout
    found = []
    for packet in json.loads(out or b"[]"):
        layers = packet["_source"]["layers"]
        ip = layers.get("ip") or layers.get("ipv6") or {}
        client = ip.get("ip.src") or ip.get("ipv6.src")
        for node in _messages(layers):
            found.append((client, *_record(node)))  # noqa: PERF401 - a nested loop reads better
    return found


def _messages(node):
    """The ntlmssp layers that hold an AUTHENTICATE, however deep."""
    if isinstance(node, list):
        for item in node:
            yield from _messages(item)
    elif isinstance(node, dict):
        if node.get("ntlmssp.messagetype") == "0x00000003":
            yield node
            return
        for value in node.values():
            yield from _messages(value)


def _text(node, name):
    value = node.get(f"ntlmssp.auth.{name}", "NULL")
    return _NAMES.get(value, value)


def _record(node):
    domain, user = _text(node, "domain"), _text(node, "username")
    pairs, flags, target = [], None, None
    tree = node.get("ntlmssp.auth.ntresponse_tree", {}).get("ntlmssp.ntlmv2_response_tree", {})
    for value in tree.values():
        if isinstance(value, dict) and "ntlmssp.ntlmv2_response.item.type" in value:
            pairs.append(int(value["ntlmssp.ntlmv2_response.item.type"], 16))
            if "ntlmssp.ntlmv2_response.flags" in value:
                flags = int(value["ntlmssp.ntlmv2_response.flags"], 16)
            target = value.get("ntlmssp.ntlmv2_response.target_name", target)
    version = node.get("ntlmssp.version") or {}
    number = [version.get(f"ntlmssp.version.{n}") for n in ("major", "minor", "build_number")]
    mic = node.get("ntlmssp.authenticate.mic")
    return (
        (f"{domain}\\{user}" if domain else user) if user else None,
        _text(node, "hostname"),
        int(node["ntlmssp.negotiateflags"], 16) if "ntlmssp.negotiateflags" in node else None,
        ".".join(number) if None not in number and any(n != "0" for n in number) else None,
        "absent" if mic is None else "present" if mic.strip("0:") else "zero",
        tuple(n for n in pairs if n),
        flags,
        target,
    )
