"""Forwarded events, in the forms a Windows collector gives them out: they are their origin's."""

import json

import pytest

from sensor.inputs.logs import read_log

NS = "http://schemas.microsoft.com/win/2004/08/events/event"
RENDERED = (
    f'<Event xmlns="{NS}"><System><Provider Name="Microsoft-Windows-Security-Auditing" Guid="{{54849625-5478-4994-a5ba-3e3b0328c30d}}"/>'
    "<EventID>4776</EventID><Version>0</Version><Level>0</Level><Task>14336</Task><Opcode>0</Opcode><Keywords>0x8010000000000000</Keywords>"
    '<TimeCreated SystemTime="2025-03-03T09:00:00.1234567Z"/><EventRecordID>77</EventRecordID><Correlation/>'
    '<Execution ProcessID="700" ThreadID="800"/><Channel>Security</Channel><Computer>dc1.corp.test</Computer><Security/></System>'
    '<EventData><Data Name="PackageName">MICROSOFT_AUTHENTICATION_PACKAGE_V1_0</Data><Data Name="TargetUserName">ann</Data>'
    '<Data Name="Workstation">WS1</Data><Data Name="Status">0xc000006a</Data></EventData>'
    '<RenderingInfo Culture="en-US"><Message>The computer attempted to validate the credentials for an account.</Message><Level>Information</Level>'
    "<Task>Credential Validation</Task><Opcode>Info</Opcode><Channel>Security</Channel><Provider>Microsoft Windows security auditing.</Provider>"
    "<Keywords><Keyword>Audit Failure</Keyword></Keywords></RenderingInfo></Event>"
)
DATA = {"TargetUserName": "ann", "Workstation": "WS1", "Status": "0xc000006a"}
WINLOGBEAT = {
    "@timestamp": "2025-03-03T09:00:00.123Z",
    "host": {"name": "dc1.corp.test"},
    "agent": {"hostname": "collector.corp.test", "type": "winlogbeat"},
    "log": {"level": "information"},
    "message": "The computer attempted to validate the credentials for an account.",
    "winlog": {
        "api": "wineventlog", "channel": "Security", "computer_name": "dc1.corp.test", "event_id": "4776", "record_id": 77,
        "provider_name": "Microsoft-Windows-Security-Auditing", "keywords": ["Audit Failure"], "event_data": DATA,
    },
}  # fmt: skip
NXLOG = {
    "EventTime": "2025-03-03T09:00:00.123456Z", "Hostname": "dc1.corp.test", "EventID": 4776, "Channel": "Security", "RecordNumber": 77,
    "SourceName": "Microsoft-Windows-Security-Auditing", "MessageSourceAddress": "10.0.0.9", **DATA,
}  # fmt: skip
FORMS = {
    "rendered text": RENDERED,
    "events": RENDERED[: RENDERED.index("<RenderingInfo")] + "</Event>",
    "winlogbeat": json.dumps(WINLOGBEAT) + "\n",
    "nxlog": json.dumps(NXLOG) + "\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_origin_is_told_and_not_the_collector(form, tmp_path):
    path = tmp_path / "forwarded"
    path.write_text(FORMS[form])
    events = []
    summary = read_log(path, events.append)
    assert (summary.records, summary.damages) == (1, [])
    (event,) = [e for e in events if type(e).__name__ == "NtlmAuth"]
    assert (event.dc, event.account, event.workstation, event.outcome) == (
        "dc1.corp.test", "ann", "WS1", "wrong_password",
    )  # fmt: skip
    assert event.ts // 1000 == 1_740_992_400_123
    assert {e.dc for e in events} == {"dc1.corp.test"}
