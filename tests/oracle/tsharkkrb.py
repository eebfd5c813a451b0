"""What tshark says of Kerberos messages, each as a record of the fields our events have.

Numbers stay numbers, times are microseconds; a ticket is told as (service, etype, kvno, size,
SHA-256 of its cipher). Shares no code with the sensor.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess

ANY = ("as_req", "tgs_req", "as_rep", "tgs_rep", "krb_error", "ap_req")


def messages(capture) -> list[tuple[str, str, dict]]:
    """(kind, address of the client, its record) of every Kerberos message of a capture, in order."""
    command = ["tshark", "-r", str(capture), "-Y", "kerberos", "-T", "json", "--no-duplicate-keys"]
    out = subprocess.run(command, capture_output=True, check=False).stdout
    found = []
    for packet in json.loads(out or b"[]"):
        layers = packet["_source"]["layers"]
        _walk(layers, layers, found)
    return found


def _walk(node, layers, found):
    if isinstance(node, list):
        for item in node:
            _walk(item, layers, found)
    elif isinstance(node, dict):
        for key, value in node.items():
            kind = key.removeprefix("kerberos.").removesuffix("_element")
            if key.startswith("kerberos.") and key.endswith("_element") and kind in ANY:
                for one in value if isinstance(value, list) else [value]:
                    found.append((kind, _client(layers, kind), RECORDS[kind](one)))
            else:
                _walk(value, layers, found)


def _client(layers, kind):
    ip = layers.get("ip") or layers.get("ipv6") or {}
    end = "dst" if kind in {"as_rep", "tgs_rep", "krb_error"} else "src"
    return ip.get(f"ip.{end}") or ip.get(f"ipv6.{end}")


def _many(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def _raw(text):
    return bytes.fromhex((text or "").replace(":", ""))


def _number(text):
    return None if text is None else int(text)


def _bits(text):
    raw = _raw(text)
    return [8 * i + k for i, octet in enumerate(raw[:4]) for k in range(8) if octet & 0x80 >> k]


def _time(text):
    """`May 24, 2027 02:04:00.000000000 UTC`."""
    if text is None:
        return None
    when = dt.datetime.strptime(text[:-14] + " +0000", "%b %d, %Y %H:%M:%S %z")
    return int(when.timestamp()) * 1_000_000


def _name(element, strings):
    tree = (element or {}).get(
        f"kerberos.{strings.lower().replace('string', '_string')}_tree"
    ) or {}
    return "/".join(_many(tree.get(f"kerberos.{strings}")))


def _cname(node):
    return _name(node.get("kerberos.cname_element"), "CNameString")


def _sname(node):
    return _name(node.get("kerberos.sname_element"), "SNameString")


def ticket(node):
    """A ticket_element."""
    sealed = node["kerberos.enc_part_element"]
    cipher = _raw(sealed.get("kerberos.cipher"))
    kvno = _number(sealed.get("kerberos.kvno"))
    return (
        _sname(node), int(sealed["kerberos.etype"]), None if kvno is None else kvno & 0xFFFFFFFF, len(cipher),
        hashlib.sha256(cipher).digest(),
    )  # fmt: skip


def _padata(node):
    tree = node.get("kerberos.padata_tree") or node.get("kerberos.e_data_tree") or {}
    found = []
    for item in _many(tree.get("kerberos.PA_DATA_element")):
        value = (item.get("kerberos.padata_type_tree") or {}).get("kerberos.padata_value_tree")
        found.append((int(item["kerberos.padata_type"]), value or {}))
    return found


def _request(node):
    body = node["kerberos.req_body_element"]
    etypes = (body.get("kerberos.kdc-req-body.etype_tree") or {}).get("kerberos.ENCTYPE")
    found = {
        "options": _bits(body.get("kerberos.kdc_options")),
        "realm": body.get("kerberos.realm"),
        "sname": _sname(body),
        "etypes": [int(n) for n in _many(etypes)],
        "till": _time(body.get("kerberos.till")),
        "padata": [],
        "pac_options": None,
    }
    for kind, value in _padata(node):
        found["padata"].append(kind)
        if kind == 167 and "kerberos.flags" in value:
            found["pac_options"] = _bits(value["kerberos.flags"])
        elif kind == 1 and "kerberos.ap_req_element" in value:
            found["tgt"] = ticket(value["kerberos.ap_req_element"]["kerberos.ticket_element"])
        elif kind == 2:
            found["stamp"] = int(value["kerberos.etype"]) if "kerberos.etype" in value else None
        elif kind == 136:
            armor = _inside(value, "kerberos.ap_req_element")
            if armor is not None:
                found["armor"] = ticket(armor["kerberos.ticket_element"])[-1]
        elif kind == 128:
            found["pac"] = value.get("kerberos.include_pac") in {"1", "True", True}
        elif kind == 129:
            name = value["kerberos.name_element"]["kerberos.name_string_tree"]
            found["for_user"] = (
                "/".join(_many(name["kerberos.KerberosString"])) + "@" + value["kerberos.realm"]
            )
    return found


def _inside(node, name):
    """The first element of this name, however deep."""
    if isinstance(node, dict):
        if name in node:
            return node[name]
        node = list(node.values())
    if isinstance(node, list):
        return next((found for found in (_inside(n, name) for n in node) if found), None)
    return None


def _as_request(node):
    found = _request(node)
    body = node["kerberos.req_body_element"]
    found["cname"] = _cname(body)
    kind = (body.get("kerberos.cname_element") or {}).get("kerberos.name_type")
    found["name_type"] = _number(kind)
    found["rtime"] = _time(body.get("kerberos.rtime"))
    return found


def _tgs_request(node):
    found = _request(node)
    body = node["kerberos.req_body_element"]
    found["authz"] = "kerberos.enc_authorization_data_element" in body
    return found


def _reply(node):
    return {
        "realm": node.get("kerberos.crealm"),
        "cname": _cname(node),
        "ticket": ticket(node["kerberos.ticket_element"]),
        "etype": int(node["kerberos.enc_part_element"]["kerberos.etype"]),
    }


def _error(node):
    offered = None
    for kind, value in _padata(node):
        if kind in {11, 19} and (kind == 19 or offered is None):
            name = "ETYPE_INFO2_ENTRY" if kind == 19 else "ETYPE_INFO_ENTRY"
            entries = _many(value.get(f"kerberos.{name}_element"))
            offered = [int(entry["kerberos.etype"]) for entry in entries]
    return {"code": int(node["kerberos.error_code"]), "sname": _sname(node), "offered": offered}


def _shown(node):
    return {"ticket": ticket(node["kerberos.ticket_element"])}


RECORDS = {
    "as_req": _as_request, "tgs_req": _tgs_request, "as_rep": _reply, "tgs_rep": _reply, "krb_error": _error,
    "ap_req": _shown,
}  # fmt: skip
