"""Writes events.xml: a synthetic event log of dc1.corp.example.test, a quarter of an hour long.

    python examples/make_events.py [FILE]

Nothing in it was recorded; the output is the same at each run. Ordinary work of thirty people and
their machines (4768, 4769, 4624, 4634, 4776, a mistyped password now and then) and one intrusion:

    09:06:00  25 accounts tried with a wrong password by NTLM from KIOSK7, one every 8 s   25 x 4776
    09:09:30  a password fits: dave, from the same workstation                          4776, 4624
    09:10:40  dave adds erin to Domain Admins                                                 4728
    09:11:50  a service that starts an encoded PowerShell command is installed                7045
    09:13:30  the Security log is cleared                                                     1102

Records have the fields of the Windows documentation, in the order of their times, as a collector
of forwarded events holds them (where clearing the log of the domain controller takes nothing away).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape, quoteattr

BEGIN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LENGTH = timedelta(minutes=15)
DC = "dc1.corp.example.test"
REALM = "CORP.EXAMPLE.TEST"
DOMAIN_SID = "S-1-5-21-3021586409-1184672255-2817754120"
NULL_GUID = "{00000000-0000-0000-0000-000000000000}"
USERS = (
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "karl",
    "laura", "mallory", "nina", "oscar", "peggy", "quentin", "rita", "sybil", "trent", "ursula",
    "victor", "wendy", "xavier", "yvonne", "zoe", "anton", "berta", "cesar", "dora",
)  # fmt: skip
SERVERS = ("FS1$", "SQL1$", "WEB1$", "DC1$")
ATTACKER, ATTACKER_IP = "KIOSK7", "10.20.30.77"
WRONG_PASSWORD, SUCCESS = "0xc000006a", "0x0"
AUDIT_SUCCESS, AUDIT_FAILURE = "0x8020000000000000", "0x8010000000000000"
AUDITING = "Microsoft-Windows-Security-Auditing"
ENCODED = "UwB5AG4AdABoAGUAdABpAGMA"  # "Synthetic"


class Log:
    """Collects records; ids are given by time when it is written, each channel its own."""

    def __init__(self) -> None:
        self.records: list[tuple[datetime, int, dict[str, str]]] = []

    def add(self, at, event_id, data, *, failed=False, version=0, **system) -> None:
        body = "".join(f"<Data Name={quoteattr(k)}>{escape(v)}</Data>" for k, v in data.items())
        fields = {
            "provider": AUDITING,
            "channel": "Security",
            "keywords": AUDIT_FAILURE if failed else AUDIT_SUCCESS,
            "version": str(version),
            "user": "",
            "payload": f"<EventData>{body}</EventData>",
        } | system
        self.records.append((at, event_id, fields))

    def text(self) -> str:
        numbers = {"Security": 810_000, "System": 40_000}
        lines = ['<?xml version="1.0" encoding="utf-8"?>', "<Events>"]
        for at, event_id, f in sorted(self.records, key=lambda record: record[0]):
            numbers[f["channel"]] += 1
            user = f" UserID={quoteattr(f['user'])}" if f["user"] else ""
            lines.append(
                '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
                f"<Provider Name={quoteattr(f['provider'])}/><EventID>{event_id}</EventID>"
                f"<Version>{f['version']}</Version><Level>0</Level>"
                f"<Keywords>{f['keywords']}</Keywords>"
                f'<TimeCreated SystemTime="{at:%Y-%m-%dT%H:%M:%S.%f}Z"/>'
                f"<EventRecordID>{numbers[f['channel']]}</EventRecordID>"
                f"<Channel>{f['channel']}</Channel><Computer>{DC}</Computer>"
                f"<Security{user}/></System>{f['payload']}</Event>"
            )
        return "\n".join([*lines, "</Events>", ""])


def sid(name: str) -> str:
    """The SID of a user or of a machine of the domain."""
    if name in USERS:
        return f"{DOMAIN_SID}-{1105 + USERS.index(name)}"
    if name in SERVERS:
        return f"{DOMAIN_SID}-{1000 + SERVERS.index(name)}"
    return f"{DOMAIN_SID}-{1200 + int(name[2:4])}"


def machine(user: str) -> tuple[str, str]:
    """The workstation of a user, and its address."""
    number = USERS.index(user) + 1
    return f"WS{number:02}", f"10.20.30.{100 + number}"


def ticket(log, at, account, ip, port) -> None:
    log.add(at, 4768, {
        "TargetUserName": account, "TargetDomainName": "CORP", "TargetSid": sid(account),
        "ServiceName": "krbtgt", "ServiceSid": f"{DOMAIN_SID}-502", "TicketOptions": "0x40810010",
        "Status": SUCCESS, "TicketEncryptionType": "0x12", "PreAuthType": "2",
        "IpAddress": f"::ffff:{ip}", "IpPort": str(port),
        "CertIssuerName": "", "CertSerialNumber": "", "CertThumbprint": "",
    })  # fmt: skip


def preauth_failed(log, at, account, ip, port) -> None:
    log.add(at, 4771, {
        "TargetUserName": account, "TargetSid": sid(account), "ServiceName": "krbtgt/CORP",
        "TicketOptions": "0x40810010", "Status": "0x18", "PreAuthType": "2",
        "IpAddress": f"::ffff:{ip}", "IpPort": str(port),
        "CertIssuerName": "", "CertSerialNumber": "", "CertThumbprint": "",
    }, failed=True)  # fmt: skip


def service_ticket(log, at, account, *, service, ip, port, guid) -> None:
    log.add(at, 4769, {
        "TargetUserName": f"{account}@{REALM}", "TargetDomainName": REALM, "ServiceName": service,
        "ServiceSid": sid(service), "TicketOptions": "0x40810000", "TicketEncryptionType": "0x12",
        "IpAddress": f"::ffff:{ip}", "IpPort": str(port), "Status": SUCCESS, "LogonGuid": guid,
        "TransmittedServices": "-",
    })  # fmt: skip


def validation(log, at, account, workstation, status) -> None:
    log.add(at, 4776, {
        "PackageName": "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", "TargetUserName": account,
        "Workstation": workstation, "Status": status,
    }, failed=status != SUCCESS)  # fmt: skip


def logon(log, at, account, *, logon_id, ip, port, workstation="-", guid=NULL_GUID) -> None:
    kerberos = guid != NULL_GUID
    log.add(at, 4624, {
        "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-",
        "SubjectLogonId": "0x0", "TargetUserSid": sid(account), "TargetUserName": account,
        "TargetDomainName": "CORP", "TargetLogonId": hex(logon_id), "LogonType": "3",
        "LogonProcessName": "Kerberos" if kerberos else "NtLmSsp ",
        "AuthenticationPackageName": "Kerberos" if kerberos else "NTLM",
        "WorkstationName": workstation, "LogonGuid": guid, "TransmittedServices": "-",
        "LmPackageName": "-" if kerberos else "NTLM V2", "KeyLength": "0" if kerberos else "128",
        "ProcessId": "0x0", "ProcessName": "-", "IpAddress": ip, "IpPort": str(port),
        "ImpersonationLevel": "%%1833", "RestrictedAdminMode": "-", "TargetOutboundUserName": "-",
        "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843", "TargetLinkedLogonId": "0x0",
        "ElevatedToken": "%%1842",
    }, version=2)  # fmt: skip


def logoff(log, at, account, logon_id) -> None:
    log.add(at, 4634, {
        "TargetUserSid": sid(account), "TargetUserName": account, "TargetDomainName": "CORP",
        "TargetLogonId": hex(logon_id), "LogonType": "3",
    })  # fmt: skip


def guid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032X}"
    return (
        "{" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])) + "}"
    )


def ordinary(log: Log, random: Random) -> None:
    """People sign in, their machines fetch policy from the DC, some use NTLM."""
    for user in USERS:
        workstation, ip = machine(user)
        for account in (user, f"{workstation}$"):
            at = BEGIN + timedelta(seconds=random.uniform(1, 400))
            port = random.randrange(49200, 60000)
            if account == user and random.random() < 0.1:
                preauth_failed(log, at - timedelta(seconds=0.9), account, ip, port)
            ticket(log, at, account, ip, port)
            for service in random.sample(SERVERS, random.randrange(1, 4)):
                at += timedelta(seconds=random.uniform(0.02, 40))
                session = guid(random)
                service_ticket(
                    log, at, account, service=service, ip=ip, port=port + 2, guid=session
                )
                if service == "DC1$":
                    number = random.randrange(0x100000, 0x900000)
                    logon(
                        log,
                        at + timedelta(seconds=0.01),
                        account,
                        logon_id=number,
                        ip=ip,
                        port=port + 4,
                        guid=session,
                    )
                    stay = timedelta(seconds=random.uniform(5, 120))
                    logoff(log, at + stay, account, number)
        if random.random() < 0.4:
            at = BEGIN + timedelta(seconds=random.uniform(1, 890))
            if random.random() < 0.25:
                validation(log, at - timedelta(seconds=6), user, workstation, WRONG_PASSWORD)
            validation(log, at, user, workstation, SUCCESS)


def intrusion(log: Log, random: Random) -> None:
    """The five steps of the module's table."""
    at = BEGIN + timedelta(minutes=6)
    victims = [user for user in USERS if user != "dave"][:24]
    victims.insert(13, "dave")
    for number, user in enumerate(victims):
        jitter = timedelta(milliseconds=random.randrange(400))
        validation(log, at + timedelta(seconds=8 * number) + jitter, user, ATTACKER, WRONG_PASSWORD)
    at = BEGIN + timedelta(minutes=9, seconds=30)
    number = 0x7A31F0
    validation(log, at, "dave", ATTACKER, SUCCESS)
    logon(
        log,
        at + timedelta(milliseconds=8),
        "dave",
        logon_id=number,
        ip=ATTACKER_IP,
        port=50514,
        workstation=ATTACKER,
    )
    dave = {
        "SubjectUserSid": sid("dave"),
        "SubjectUserName": "dave",
        "SubjectDomainName": "CORP",
        "SubjectLogonId": hex(number),
    }
    log.add(BEGIN + timedelta(minutes=10, seconds=40), 4728, {
        "MemberName": "CN=erin,CN=Users,DC=corp,DC=lab,DC=test", "MemberSid": sid("erin"),
        "TargetUserName": "Domain Admins", "TargetDomainName": "CORP",
        "TargetSid": f"{DOMAIN_SID}-512", **dave, "PrivilegeList": "-",
    })  # fmt: skip
    log.add(
        BEGIN + timedelta(minutes=11, seconds=50),
        7045,
        {
            "ServiceName": "KqZtWbXe",
            "ImagePath": f"%COMSPEC% /b /c start /b /min powershell.exe -nop -w hidden -enc {ENCODED}",
            "ServiceType": "user mode service",
            "StartType": "demand start",
            "AccountName": "LocalSystem",
        },
        provider="Service Control Manager",
        channel="System",
        keywords="0x8080000000000000",
        user=sid("dave"),
    )
    cleared = "".join(f"<{name}>{value}</{name}>" for name, value in dave.items())
    log.add(
        BEGIN + timedelta(minutes=13, seconds=30),
        1102,
        {},
        provider="Microsoft-Windows-Eventlog",
        keywords="0x4020000000000000",
        payload='<UserData><LogFileCleared xmlns="http://manifests.microsoft.com/win/2004/08/'
        f'windows/eventlog">{cleared}</LogFileCleared></UserData>',
    )


def make() -> str:
    """The whole file as text."""
    log = Log()
    ordinary(log, Random(20250310))
    intrusion(log, Random(7))
    return log.text()


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("events.xml")
    target.write_text(make(), encoding="utf-8")
    print(f"{target}: {make().count('<Event ')} records")
