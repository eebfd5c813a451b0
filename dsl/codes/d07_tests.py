"""D07: the tests inside a rule."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_GIVEN: Final = "given:\n  - {kerberos_as: {outcome: success, account: alice}}\n"
_EXPECT: Final = "expect: [{actor: alice}]"


def _given(entry: str) -> str:
    return f"given:\n  - {entry}\n{_EXPECT}"


_LESSON: Final = (
    "detect: |\n  usual = profile of kerberos_as by account bucket 1d over 30d learn n := count()\n"
    "  t = match kerberos_as where usual.n > 3\n  alert t as (actor: account)\n"
    "explain: An example.\ntests:\n  - name: example\n    profile: {{{}}}\n"
    "    given:\n      - {{kerberos_as: {{account: alice}}}}\n    expect: []\n"
)


def _test(code: str, title: str, paragraph: str, wrong: str, right: str) -> Code:
    return Code(code, title, paragraph, wrong, right, "test")


_CODES: Final = (
    _test(
        "D0701", "unknown event type",
        "A key of an entry is `at`, `every`, `for` or an event type.",
        _given("{kerberos: {account: alice}}"), _given("{kerberos_as: {account: alice}}"),
    ),
    _test(
        "D0702", "unknown field",
        "The event type has no such field, or the engine gives it (`ts`, `id`).",
        _given("{kerberos_as: {acount: alice}}"), _given("{kerberos_as: {account: alice}}"),
    ),
    _test(
        "D0703", "a value of the wrong kind",
        "Values are written as their field's kind: texts in quotes where they look like numbers, "
        "bytes as hexadecimal digits, times relative to the test's begin.",
        _given("{kerberos_as: {account: alice, ticket_hash: 17}}"),
        _given('{kerberos_as: {account: alice, ticket_hash: "17"}}'),
    ),
    _test(
        "D0704", "a word that does not exist",
        "The field knows a closed set of words. Where decoders may meet numbers without a name, a "
        "word such as `etype_99` is accepted too.",
        _given("{kerberos_as: {account: alice, outcome: ok}}"),
        _given("{kerberos_as: {account: alice, outcome: success}}"),
    ),
    _test(
        "D0705", "a faulty entry",
        "An entry has at least one event; `every` and `for` come together; `{{i}}` is the number of "
        "the repetition.",
        _given("{every: 20s, kerberos_as: {account: alice}}"),
        _given("{every: 20s, for: 3, kerberos_as: {account: alice}}"),
    ),
    Code(
        "D0706", "unknown test in `extends`",
        "A test extends one that stands before it in the same file.",
        "tests:\n  - name: twin\n    extends: first\n    expect: []\n",
        "tests:\n  - name: first\n    given:\n      - {kerberos_as: {account: alice}}\n"
        "    expect: []\n  - name: twin\n    extends: first\n    expect: []\n",
        "keys",
    ),
    Code(
        "D0707", "a parameter of a test",
        "`params` of a test sets parameters of the rule to values that the rule allows.",
        "params:\n  many: {type: int, default: 5, help: how many}\n"
        "tests:\n  - name: example\n    params: {more: 3}\n    given:\n      - {kerberos_as: {}}\n"
        "    expect: []\n",
        "params:\n  many: {type: int, default: 5, help: how many}\n"
        "tests:\n  - name: example\n    params: {many: 3}\n    given:\n      - {kerberos_as: {}}\n"
        "    expect: []\n",
        "keys",
    ),
    _test(
        "D0709", "nothing to shift",
        "`shift` names `last`, `first`, `all` or the number of an entry, from 0.",
        f"{_GIVEN}shift: {{second: 5m}}\n{_EXPECT}", f"{_GIVEN}shift: {{last: 5m}}\n{_EXPECT}",
    ),
    _test(
        "D0710", "a recording that is not there",
        "`using` names captures and event logs by their path from the rule's folder.",
        f"using: [attack.pcap]\n{_EXPECT}", _GIVEN + _EXPECT,
    ),
    _test(
        "D0711", "unknown role",
        "A line of `expect` gives roles of the rule's alerts, and `severity`, `confidence`, `at`, "
        "`explain~` and `count`.",
        _GIVEN + "expect: [{attacker: alice}]", _GIVEN + "expect: [{actor: alice}]",
    ),
    _test(
        "D0712", "an incomplete test",
        "A test has a name of its own, events, and says what it expects: `expect: []` is silence.",
        _GIVEN, _GIVEN + _EXPECT,
    ),
    _test(
        "D0713", "a faulty entry of the directory",
        "An entry begins with `account`, `host`, `group`, `domain` or `ip` and has the attributes of "
        "that kind.",
        f"directory:\n  - {{host: dc1, tag: [dc]}}\n{_GIVEN}{_EXPECT}",
        f"directory:\n  - {{host: dc1, tags: [dc]}}\n{_GIVEN}{_EXPECT}",
    ),
    Code(
        "D0714", "a list that the rule does not read",
        "`lists` of a test sets the entries of lists that the block or a shared relation below it "
        "reads, or, by the rule's id, its own exclusions.",
        "tests:\n  - name: example\n    lists: {exampel: [ws1]}\n    given:\n"
        "      - {kerberos_as: {account: alice}}\n    expect: []\n",
        "tests:\n  - name: example\n    lists: {example: [ws1]}\n    given:\n"
        "      - {kerberos_as: {account: alice}}\n    expect: []\n",
        "keys",
    ),
    Code(
        "D0715", "a profile that the rule does not have",
        "`profile` of a test names profiles of the block, or shared ones that it asks.",
        _LESSON.format("usul: [{key: {account: alice}, n: 3}]"),
        _LESSON.format("usual: [{key: {account: alice}, n: 3}]"), "keys",
    ),
    Code(
        "D0716", "what a profile does not learn",
        "An entry names all keys of the profile, and what it learns: a number stands for each closed "
        "bucket, a list for the last ones.",
        _LESSON.format("usual: [{key: {account: alice}, hosts: [ws1]}]"),
        _LESSON.format("usual: [{key: {account: alice}, n: [2, 3]}]"), "keys",
    ),
)  # fmt: skip
CODES: Final = {code.code: code for code in _CODES}
