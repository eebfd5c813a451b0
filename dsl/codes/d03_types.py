"""D03: values that do not go together."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_ALERT: Final = "\nalert t as (actor: account)"
_PARAM: Final = "params:\n  least: {type: %s, default: %s, help: an example}\ndetect: |\n  "
_REST: Final = "\n  alert t as (actor: account)\nexplain: An example.\ntests: []"


def _code(code: str, title: str, paragraph: str, wrong: str, right: str) -> Code:
    return Code(code, title, paragraph, wrong + _ALERT, right + _ALERT)


_CODES: Final = (
    _code(
        "D0301", "an operator for other kinds",
        "Values are compared with values of their kind. A text literal may stand for an account, "
        "host, address or bytes; a column may not. Lists are asked with `has`.",
        "t = match kerberos_as where account == account_name",
        "t = match kerberos_as where account == account_of(account_name)",
    ),
    _code(
        "D0302", "not a condition",
        "`where`, `having` and `when` take what is true or false; `severity` takes a severity and "
        "`confidence` a number.",
        "t = match kerberos_as where account",
        "t = match kerberos_as where account is not null",
    ),
    _code(
        "D0303", "wrong number of arguments",
        "The hint shows how the function is called.",
        "t = match kerberos_as where deleted_within(account)",
        "t = match kerberos_as where deleted_within(account, 10h)",
    ),
    _code(
        "D0304", "an argument of the wrong kind",
        "The hint shows what the function takes; some arguments must be constants.",
        "t = match kerberos_as where is_dc(src_ip)",
        "t = match kerberos_as where is_dc(host_of(src_ip))",
    ),
    _code(
        "D0305", "two kinds under one name",
        "A union puts columns together by name. Where two of its relations have another kind under "
        "the same name, the column cannot be read.",
        "a = union kerberos_as, ldap_bind\nt = match a where result is not null",
        "b = match ldap_bind where result is not null let code := result\n"
        "a = union kerberos_as, b\nt = match a where code is not null",
    ),
    _code(
        "D0306", "a key that is no key",
        "Rows are put together by columns of one value and of the same kind on both sides. Compute "
        "what is no column with `let` first.",
        "t = window kerberos_as by account.domain over 1h compute account := last(account)",
        "a = match kerberos_as let home := account.domain\n"
        "t = window a by home over 1h compute account := last(account)",
    ),
    _code(
        "D0307", "not a literal of its kind",
        "Addresses, networks, bytes, identifiers and regular expressions are checked as they are "
        "read. Look-around and back references are not available in regular expressions.",
        't = match kerberos_as where src_ip cidr "10.0.0.0/33"',
        't = match kerberos_as where src_ip cidr "10.0.0.0/8"',
    ),
    Code(
        "D0308", "a parameter of the wrong type",
        "Where a length of time belongs, the parameter is declared with `type: duration`; the count "
        "of a step is an `int`.",
        _PARAM % ("int", "10")
        + "t = window kerberos_as by account over $least compute n := count()" + _REST,
        _PARAM % ("duration", "10m")
        + "t = window kerberos_as by account over $least compute n := count()" + _REST,
        "keys",
    ),
    Code(
        "D0309", "a list of the wrong kind",
        "Entries of a list have one kind. Accounts, hosts and groups may be looked for in each "
        "other's lists.",
        "# lists/words.yaml\nlist: words\nkind: text\ndescription: An example.\nentries: []\n"
        "# discovery/example.yaml\natp: 1\nid: example\nversion: 1\ntitle: t\nseverity: low\n"
        "confidence: 50\nkill_chain: reconnaissance\nmitre: [T1087]\ndescription: d\n"
        "false_positives: [none known]\nknown_gaps: [an example]\ndetect: |\n"
        "  t = match kerberos_as where account in @words" + _REST + "\n",
        "# lists/words.yaml\nlist: words\nkind: text\ndescription: An example.\nentries: []\n"
        "# discovery/example.yaml\natp: 1\nid: example\nversion: 1\ntitle: t\nseverity: low\n"
        "confidence: 50\nkill_chain: reconnaissance\nmitre: [T1087]\ndescription: d\n"
        "false_positives: [none known]\nknown_gaps: [an example]\ndetect: |\n"
        "  t = match kerberos_as where account.name in @words" + _REST + "\n",
        "files",
    ),
    _code(
        "D0310", "two `not` steps in a row",
        "Between two steps that must happen stands one `not` step at most. A union says *neither*.",
        "t = sequence by account within 1h: kerberos_as then not logon then not ntlm_auth\n"
        "      then kerberos_tgs",
        "either = union logon, ntlm_auth\n"
        "t = sequence by account within 1h: kerberos_as then not either then kerberos_tgs",
    ),
    _code(
        "D0311", "out of range",
        "Lengths of time are positive, a profile is made of whole buckets, a step happens at least "
        "once, a confidence is 0 to 100.",
        "t = window kerberos_as by account over 0s compute n := count()",
        "t = window kerberos_as by account over 10m compute n := count()",
    ),
    _code(
        "D0312", "further back than events are kept",
        "Look-back adds up along the relations that are read. Changes of accounts, groups, the "
        "directory, certificates and VPN sessions are kept 400 days, other events 30.",
        "t = window kerberos_as by account over 60d compute n := count()",
        "t = window kerberos_as by account over 14d compute n := count()",
    ),
    _code(
        "D0313", "not an aggregate",
        "`compute` takes one aggregate a column. Calculate with their results in a `match … let`.",
        "t = window kerberos_as by account over 1h compute half := count() / 2",
        "n = window kerberos_as by account over 1h compute all_ := count()\n"
        "t = match n where all_ > 0 let half := all_ / 2",
    ),
    _code(
        "D0314", "null without a kind",
        "A column or role that is always null has no kind.",
        "t = match kerberos_as where fast let peer := null",
        "t = match kerberos_as where fast let peer := case(encrypted -> source, else null)",
    ),
    _code(
        "D0315", "arms of different kinds",
        "All arms of a `case`, and what a function puts together, have one kind.",
        't = match kerberos_as where fast let who := case(encrypted -> account, else "nobody")\n'
        '      , size := case(fast -> 1, else "none")',
        't = match kerberos_as where fast let who := case(encrypted -> account, else "nobody")\n'
        "      , size := case(fast -> 1, else 0)",
    ),
    _code(
        "D0316", "what a model cannot learn",
        "`novelty` and `access_anomaly` are learned of pairs, who and what, of names and words; "
        "`outlier` of the numbers in `using`.",
        "rare = model novelty of logon by account over 30d\nt = match logon where rare.score > 0.9",
        "rare = model novelty of logon by account, server over 30d\n"
        "t = match logon where rare.score > 0.9",
    ),
)  # fmt: skip
CODES: Final = {c.code: c for c in _CODES}
