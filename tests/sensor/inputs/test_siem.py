"""What log managers forward of Windows events: the four forms, event XML and JSON, English messages."""

import pytest

from sensor.inputs.damage import Damage
from sensor.inputs.message import fields_of_message
from sensor.inputs.siem import begins, records_of_message
from sensor.map.windows import mapping_of

RSA = """\
RsaSA
2015-May-19 09:07:09
4776
Microsoft-Windows-Security-Auditing
Security
dc1.corp.test
ann
WS1\x20
0xC000006A"""
CEF = (
    "CEF:0|Microsoft|Microsoft Windows||Microsoft-Windows-Security-Auditing:4776|Credentials \\| checked|Low| "
    "externalId=4776 cat=Security rt=1432026429000 shost=WS1 dhost=dc1.corp.test duser=ann cs2=Security "
    "cs3=Microsoft-Windows-Security-Auditing cs4=0xC000006A cs3Label=EventSource cs4Label=Reason or Error Code"
)
MESSAGE = "The computer attempted to validate the credentials for an account."
LABELS = ["Authentication Package:", "Logon Account:", "Source Workstation:", "Error Code:"]
VALUES = ["MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", "ann", "WS1", "0xC000006A"]
LINES = "\r\n".join(f"{n}\t{v}" for n, v in zip(LABELS, VALUES, strict=True))
ONE_LINE = " ".join(f"{n} {v}" for n, v in zip(LABELS, VALUES, strict=True))
SPLUNK = "\r\n".join([
    "EventCode=4776", "Logfile=Security", "SourceName=Microsoft-Windows-Security-Auditing",
    "TimeGenerated=20150519100709.000000+060", "ComputerName=dc1.corp.test", f"Message={MESSAGE}", "", LINES, "",
])  # fmt: skip
QRADAR = "\t".join([
    "AgentDevice=WindowsLog", "AgentLogFile=Security", "Source=Microsoft-Windows-Security-Auditing",
    "Computer=dc1.corp.test", "User=", "Domain=", "EventID=4776", "EventIDCode=4776", "RecordNumber=1961417",
    "TimeGenerated=1432026429000", "TimeWritten=1432026429000", f"Message={MESSAGE} {ONE_LINE}",
])  # fmt: skip
NXLOG = (
    '{"EventTime": "2015-05-19T09:07:09Z", "EventID": 4776, "Channel": "Security", "Hostname": "dc1.corp.test", '
    '"TargetUserName": "ann", "Workstation": "WS1", "Status": "0xC000006A"}'
)
XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>4776</EventID>"
    "<TimeCreated SystemTime='2015-05-19T09:07:09Z'/><Channel>Security</Channel><Computer>dc1.corp.test</Computer>"
    "</System><EventData><Data Name='TargetUserName'>ann</Data><Data Name='Workstation'>WS1</Data>"
    "<Data Name='Status'>0xC000006A</Data></EventData></Event>"
)
FORMS = {
    "rsa": RSA,
    "rsa, ends of lines written out": RSA.replace("\n", "\\n"),
    "rsa, one end lost": RSA.replace("Security\ndc1", "Security\\dc1"),
    "cef": CEF,
    "splunk": SPLUNK,
    "qradar": QRADAR,
    "qradar, time in words": QRADAR.replace("TimeGenerated=1432026429000", "TimeGenerated=20150519090709"),
    "nxlog": NXLOG,
    "xml": XML,
}  # fmt: skip
HEADERS = {
    "none": "",
    "RFC 3164": "<13>May 19 09:07:09 siem ",
    "RFC 5424": '<13>1 2015-05-19T09:07:09Z siem app - - [x@1 y="z"] ',
    "a line": "<13>May 19 09:07:09 siem\r\n",
}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_the_same(form, header):
    (record,) = records_of_message((HEADERS[header] + FORMS[form]).encode())
    assert not isinstance(record, Damage), record
    (event,) = mapping_of(record)(record)
    assert (event.ts, event.via) == (1_432_026_429_000_000, "event_4776")
    assert (event.dc, event.account, event.source) == ("dc1.corp.test", "ann", "name:WS1")
    assert (event.status, event.outcome) == (0xC000006A, "wrong_password")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("<13>May 19 09:07:09 host something else", "no Windows event in a form known here"),
        ("CEF:0|a|b", "the header of CEF is not complete"),
        (CEF.replace("externalId=4776 ", "").replace(":4776", ""), "no externalId"),
        (CEF.partition("externalId")[0], "the time cannot be read"),
        (CEF.replace("rt=1432026429000", "rt=now"), "the time cannot be read"),
        (RSA.replace("WS1 \n", ""), "8 lines instead of 9"),
        (RSA.replace("4776", "many"), "no event id"),
        (RSA.replace("May", "Mai"), "the time cannot be read"),
        (SPLUNK.replace("20150519100709", "20159919100709"), "the time cannot be read"),
        (SPLUNK.replace("+060", "+99999999999"), "the time cannot be read"),
        (QRADAR.replace("\tEventID=4776", ""), "no event id"),
        ('{"a": 1}', "no shape of a Windows event"),
        ('{"EventID": ', "not JSON"),
    ],
)
def test_what_cannot_be_read_says_why(message, why):
    (damage,) = records_of_message(message.encode())
    assert isinstance(damage, Damage)
    assert why in damage.reason


def test_cef_values_are_unescaped_and_may_hold_blanks():
    message = CEF.replace("duser=ann", r"duser=ann \= b\\c\nd")
    (record,) = records_of_message(message.encode())
    assert record.data["TargetUserName"] == "ann = b\\c\nd"


GROUP = """A member was added to a security-enabled global group.

Subject:
\tSecurity ID:\t\tS-1-5-21-1-2-3-500
\tAccount Name:\t\tadmin
\tAccount Domain:\t\tCORP

Member:
\tSecurity ID:\t\tS-1-5-21-1-2-3-1105
\tAccount Name:\t\tCN=Bob,CN=Users,DC=corp,DC=test

Group:
\tSecurity ID:\t\tS-1-5-21-1-2-3-512
\tGroup Name:\t\tDomain Admins
\tGroup Domain:\t\tCORP
"""


@pytest.mark.parametrize("text", [GROUP, " ".join(GROUP.split())], ids=["lines", "one line"])
def test_labels_mean_what_their_section_says(text):
    assert fields_of_message(4728, text) == {
        "SubjectUserSid": "S-1-5-21-1-2-3-500", "SubjectUserName": "admin", "SubjectDomainName": "CORP",
        "MemberSid": "S-1-5-21-1-2-3-1105", "MemberName": "CN=Bob,CN=Users,DC=corp,DC=test",
        "TargetSid": "S-1-5-21-1-2-3-512", "TargetUserName": "Domain Admins", "TargetDomainName": "CORP",
    }  # fmt: skip


def test_a_service_that_was_installed():
    text = "A service was installed in the system.\n\nService Name:  psx\nService File Name:  C:\\x y.exe\nService Account:  LocalSystem"
    assert fields_of_message(7045, text) == {
        "ServiceName": "psx", "ImagePath": "C:\\x y.exe", "AccountName": "LocalSystem",
    }  # fmt: skip


def test_other_languages_give_nothing():
    assert fields_of_message(4776, "Anmeldekonto:\tann\nFehlercode:\t0x0") == {}


def test_a_form_begins_anywhere():
    assert [begins(text) for text in ('x {"a"', "x {a", "RsaSAx", "a EventCode=4776")] == [True, False, False, True]  # fmt: skip
