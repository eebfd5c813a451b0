"""Rows of the organisation as our events: Arrow tables by type, as the store keeps them.

Names are made here; a label is never written.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from engine.entities_rows import DirObject
from organisation.calendar import BEGIN, DAY
from organisation.days import AS, LOGON, NTLM, REMOTE, TGS
from organisation.people import (
    ADMIN,
    CONTROLLER,
    DOMAIN,
    FOREIGN,
    JUMP,
    NAT,
    SCANNER,
    SERVER,
    SERVICE,
    SERVICES,
    SHARED,
    USER,
    VDI,
    WORKSTATION,
    People,
)  # fmt: skip

_ACCOUNT = {USER: "u", ADMIN: "adm", SERVICE: "svc", SCANNER: "scan"}
_HOST = {
    WORKSTATION: "ws", SERVER: "srv", CONTROLLER: "dc", SHARED: "room", VDI: "vdi", JUMP: "jump",
}  # fmt: skip
_TYPES = {AS: "kerberos_as", TGS: "kerberos_tgs", NTLM: "ntlm_auth", LOGON: "logon"}
_CLASS = np.array(["cifs", "termsrv", "host"])
_ETYPE = np.array(["aes256", "rc4_hmac"])
_OUTCOME = np.array(["success", "wrong_password"])


class Names:
    """Canonical names of accounts and hosts."""

    def __init__(self, people: People) -> None:
        self._people = people
        kinds = people.accounts.kind
        self.accounts = np.array([f"{_ACCOUNT[k]}{i:04}@{DOMAIN}" for i, k in enumerate(kinds)])
        # what could not be resolved is named by its address
        self.hosts = np.array(
            [
                f"ip:10.{60 + k}.0.{i % 250}" if k in {NAT, FOREIGN} else f"{_HOST[k]}{i:04}.{DOMAIN}"
                for i, k in enumerate(people.hosts.kind)
            ]
        )  # fmt: skip

    def columns(self, table: np.ndarray, form: int) -> dict[str, np.ndarray]:
        """The columns of the event type of a form, in the order of the rows of that form."""
        chosen = table[table["form"] == form]
        account = self.accounts[chosen["account"]]
        host = np.concatenate([self.hosts, [f"dc.{DOMAIN}"]])[chosen["target"]]
        columns: dict[str, np.ndarray] = {
            "ts": chosen["ts"],
            "domain": np.full(len(chosen), DOMAIN),
            "account": account,
            "source": self.hosts[chosen["source"]],
            "dc": np.full(len(chosen), f"dc01.{DOMAIN}"),
            "server": host,
            "outcome": _OUTCOME[chosen["outcome"]],
            "protocol": np.full(len(chosen), "ntlm" if form == NTLM else "kerberos"),
            "via": np.full(len(chosen), "wire"),
        }
        if form == AS:
            columns |= {
                "service": np.full(len(chosen), "krbtgt"),
                "preauth_etype": _ETYPE[chosen["etype"]],
            }
        if form == TGS:
            service = _CLASS[chosen["service"]]
            columns |= {
                "service": np.char.add(np.char.add(service, "/"), host),
                "service_class": service,
                "etype": _ETYPE[chosen["etype"]],
            }  # fmt: skip
        if form == LOGON:
            columns["logon_type"] = np.where(
                chosen["service"] == REMOTE, "remote_interactive", "network"
            )
        return columns

    def directory(self) -> list[DirObject]:
        """The accounts as directory objects: a mover is two intervals."""
        accounts, found = self._people.accounts, []
        for number, name in enumerate(self.accounts):
            spans = [(0, int(accounts.department[number]))]
            if accounts.department_from[number]:
                spans = [
                    (0, int(accounts.department_before[number])),
                    (int(accounts.department_from[number]), int(accounts.department[number])),
                ]
            for position, (day, department) in enumerate(spans):
                last = position == len(spans) - 1
                found.append(self._object(name, department, day, None if last else spans[1][0]))
        return found

    def _object(self, key: str, department: int, begin: int, end: int | None) -> DirObject:
        unit = int(self._people.unit_of[min(department, len(self._people.unit_of) - 1)])
        name = "Services" if department == SERVICES else f"Department {department:02}"
        dn = f"CN={key.split('@', maxsplit=1)[0]},OU=Unit {unit},DC=corp,DC=example"
        valid = {"valid_from": BEGIN + begin * DAY - (begin == 0) * 400 * DAY}
        if end is not None:
            valid["valid_to"] = BEGIN + end * DAY
        return DirObject(
            key=key, kind="account", name=key.split("@", maxsplit=1)[0], domain=DOMAIN, dn=dn,
            department=None if department == SERVICES else name, **valid,
        )  # fmt: skip


def tables(names: Names, table: np.ndarray, first: int) -> dict[str, pa.Table]:
    """Arrow tables by event type, as the store keeps them; `seq` and `id` count the rows from `first`."""
    seq = first + np.arange(len(table))
    found = {}
    for form, name in _TYPES.items():
        columns = names.columns(table, form)
        if not len(columns["ts"]):
            continue
        number = seq[table["form"] == form]
        columns |= {"seq": number, "id": number + 1, "tie": number}
        arrays = {c: pa.array(v) for c, v in columns.items()}
        arrays["primary"] = pa.array(np.ones(len(number), bool))
        arrays["sensor"] = pa.array(np.full(len(number), "organisation"))
        found[name] = pa.table(arrays)
    return found
