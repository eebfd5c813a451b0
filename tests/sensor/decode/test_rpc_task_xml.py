"""The command of a task's definition, whole, cut or hostile."""

from __future__ import annotations

import time

import pytest

from sensor.decode.rpc_task_xml import command_of
from sensor.map.windows.task_create import command_of as command_of_record

TASK = '<Task xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Actions>{}</Actions></Task>'
EXEC = "<Exec><Command>cmd.exe</Command><Arguments>/c x &gt; y</Arguments></Exec>"


@pytest.mark.parametrize(
    ("actions", "command"),
    [
        (EXEC, "cmd.exe /c x > y"),
        ("<Exec><Command> a </Command></Exec>" + EXEC, "a; cmd.exe /c x > y"),
        ("<ComHandler><ClassId>{1-2}</ClassId><Data>z</Data></ComHandler>", "{1-2}"),
        ("<Exec><Command><![CDATA[a<b>]]></Command></Exec>", "a<b>"),
        ("<!-- <Exec><Command>no</Command></Exec> -->" + EXEC, "cmd.exe /c x > y"),
        ("<Exec><WorkingDirectory>w</WorkingDirectory></Exec>", None),
        ("", None),
    ],
)
def test_command_is_what_the_record_of_the_task_would_say(actions, command):
    assert command_of(TASK.format(actions)) == command
    assert command_of_record(TASK.format(actions)) == command


def test_prefixes_cases_and_cut_definitions():
    assert command_of("<t:Exec><t:Command>a</t:Command></t:Exec>") == "a"
    assert command_of("<Actions><Exec><Command>powershell -enc AAAA") == "powershell -enc AAAA"
    assert command_of("<Command>outside</Command>") is None


@pytest.mark.parametrize(
    "xml",
    ["<" * 16_384, "<a " * 5_000, "<Exec>" * 3_000, "<Exec><Command>" + "<" * 10_000,
     "<!--" * 4_000, "<Exec>" + "<Command>&amp;" * 1_200, "<Exec>" + "<![CDATA[" * 1_500],
)  # fmt: skip
def test_hostile_definitions_cost_little(xml):
    start = time.process_time()
    found = command_of(xml)
    assert found is None or len(found) <= 8_192
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("&#" + "0" * 5_000 + "65;", "A"),
        ("&#x" + "0" * 5_000 + "41;&#065;&#0;", "AA\ufffd"),
        ("cmd &#" + "9" * 5_000 + ";", "cmd &#" + "9" * 5_000 + ";"),
    ],
)
def test_long_numbers_of_characters_hide_nothing(text, command):
    assert command_of(TASK.format(f"<Exec><Command>{text}</Command></Exec>")) == command
