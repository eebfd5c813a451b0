"""D02: a name that stands for nothing, or for two things."""

from __future__ import annotations

from typing import Final

from dsl.codes.code import Code

_ALERT: Final = "\nalert t as (actor: account)"
_USUAL: Final = "usual = profile of kerberos_as by account bucket 1d over 30d"


def _code(code: str, title: str, paragraph: str, wrong: str, right: str) -> Code:
    return Code(code, title, paragraph, wrong + _ALERT, right + _ALERT)


_CODES: Final = (
    _code(
        "D0201", "unknown relation or event type",
        "A relation's name is looked for in the block, then among the shared relations, then among "
        "the event types.",
        "t = match kerberos_ass where fast",
        "t = match kerberos_as where fast",
    ),
    _code(
        "D0202", "a relation twice",
        "Every relation of a block has its own name.",
        "t = match kerberos_as where fast\nt = match kerberos_as where not fast",
        "a = match kerberos_as where fast\nb = match kerberos_as where not fast\nt = union a, b",
    ),
    _code(
        "D0203", "unknown column",
        "The relation that is read has no column of this name. Columns of a sequence carry their "
        "step's name; the documentation of events lists those of an event type.",
        "t = match kerberos_tgs where etypee == rc4_hmac",
        "t = match kerberos_tgs where etype == rc4_hmac",
    ),
    _code(
        "D0204", "unknown function",
        "There is no function or aggregate of this name. Aggregates (`count`, `set`, …) stand in the "
        "`compute` of a window, functions everywhere else.",
        "t = match kerberos_as where isdc(source)",
        "t = match kerberos_as where is_dc(source)",
    ),
    Code(
        "D0205", "unknown parameter",
        "`$name` is declared under `params`, with its type, default and one line of help.",
        "detect: |\n  t = window kerberos_as by source over 1h compute n := count() having n >= $least\n"
        "  alert t as (source: source)\nexplain: An example.\ntests: []",
        "params:\n  least: {type: int, default: 5, help: requests in an hour}\n"
        "detect: |\n  t = window kerberos_as by source over 1h compute n := count() having n >= $least\n"
        "  alert t as (source: source)\nexplain: An example.\ntests: []",
        "keys",
    ),
    _code(
        "D0206", "unknown list",
        "`@name` is a list of its own file, `lists/<name>.yaml`.",
        "t = match kerberos_as where source in @nowhere",
        't = match kerberos_as where source in {"ws9", "ws10"}',
    ),
    _code(
        "D0207", "unknown enum value",
        "Where a value of an enum is expected, a bare word is one of its values (or a column).",
        "t = match kerberos_as where etype == rc4hmac",
        "t = match kerberos_as where etype == rc4_hmac",
    ),
    _code(
        "D0208", "unknown attribute",
        "Accounts, hosts and groups have attributes as of the row's time; other kinds have none.",
        "t = match kerberos_as where account.flags has dont_req_preauth",
        "t = match kerberos_as where account.uac has dont_req_preauth",
    ),
    _code(
        "D0209", "a cycle",
        "A relation cannot be made from itself, nor a detection read its own alerts.",
        "a = match t where fast\nt = match a where fast",
        "a = match kerberos_as where fast\nt = match a where fast",
    ),
    _code(
        "D0210", "a name twice",
        "Columns, roles and steps have names of their own within their statement.",
        "two = sequence by account within 1h: kerberos_as then kerberos_as\n"
        "t = match two where account is not null",
        "two = sequence by account within 1h: kerberos_as as a then kerberos_as as b\n"
        "t = match two where account is not null",
    ),
    _code(
        "D0211", "a reserved name",
        "Every row has `ts`, `start` and its evidence, every alert `severity`, `count` and so on, "
        "every profile `first_seen`, `age`, `cold` and so on.",
        "t = match kerberos_as where fast let start := till",
        "t = match kerberos_as where fast let ends := till",
    ),
    _code(
        "D0212", "a column is lost",
        "A window has its keys and what it computes, nothing else; a join has the columns of its "
        "left side and what it keeps. Nothing is carried on silently.",
        "many = window kerberos_as by account over 1h compute n := count()\n"
        "t = match many where dc is not null",
        "many = window kerberos_as by account over 1h compute n := count(), dcs := set(dc)\n"
        "t = match many where len(dcs) > 0",
    ),
    _code(
        "D0213", "columns of another relation",
        "A row has the columns of the relation that is read. Other relations are brought together "
        "with it by a sequence or a join.",
        "a = match kerberos_as where fast\nt = match kerberos_tgs where account == a.account",
        "a = match kerberos_as where fast\n"
        "t = sequence by account within 1h: a then kerberos_tgs",
    ),
    _code(
        "D0214", "a relation that nothing reads",
        "The relation is neither read by another nor by an alert. A warning.",
        "unread = match kerberos_as where fast\nt = match kerberos_as where not fast",
        "t = match kerberos_as where not fast",
    ),
    Code(
        "D0215", "a parameter that nothing reads",
        "The parameter stands neither in the block nor, as `params.name`, in `explain`. A warning.",
        "params:\n  least: {type: int, default: 5, help: requests in an hour}",
        "title: An example",
        "keys",
    ),
    _code(
        "D0216", "whose column?",
        "In the `where` of an absence a plain name is a column of the row that must have no partner, "
        "even if the relation that must not follow has it too. A warning.",
        "ok = match kerberos_as where outcome == success\n"
        "t = absence of ok where fast following kerberos_as by account within 1h",
        "ok = match kerberos_as where outcome == success\n"
        "t = absence of ok where ok.fast following kerberos_as by account within 1h",
    ),
    _code(
        "D0217", "a profile has no rows",
        "A profile is not read row by row: what it has learnt of a row's key is asked by name.",
        f"{_USUAL} learn n := count()\nt = match usual where n > 5",
        f"{_USUAL} learn n := count()\nt = match kerberos_as where usual.n > 5",
    ),
    _code(
        "D0218", "what a profile does not tell",
        "Of counts, sums and values there are statistics, of sets, first and last values there are "
        "none. Different values are counted bucket by bucket. Peers have sets and statistics, where "
        "the profile says who is a peer.",
        f"{_USUAL} learn hosts := count_distinct(source)\nt = match kerberos_as where usual.hosts > 5",
        f"{_USUAL} learn hosts := count_distinct(source)\n"
        "t = match kerberos_as where usual.hosts.p95 > 5",
    ),
    _code(
        "D0219", "the rows lack the profile's key",
        "A profile is asked of the row at hand: its keys are looked for by their names in the "
        "relation that is read.",
        f"{_USUAL} learn n := count()\n"
        "many = window kerberos_as by source over 1h compute tries := count()\n"
        "t = match many where tries > usual.n let account := source",
        f"{_USUAL} learn n := count()\n"
        "many = window kerberos_as by source, account over 1h compute tries := count()\n"
        "t = match many where tries > usual.n",
    ),
    _code(
        "D0220", "a profile cannot be asked here",
        "A `match`, the computed columns of a `window`, a `score` and an `alert` ask profiles. In a "
        "sequence, a join, an absence, `having` and in profiles rows meet that have different keys: "
        "ask in a `match` before.",
        f"{_USUAL} learn n := count()\n"
        "t = sequence by account within 1h: kerberos_as then kerberos_tgs where usual.n == 0",
        f"{_USUAL} learn n := count()\nnew = match kerberos_tgs where usual.n == 0\n"
        "t = sequence by account within 1h: kerberos_as then new",
    ),
    _code(
        "D0225", "no such model",
        "A model is of a kind: `novelty`, `access_anomaly` or `outlier`.",
        "rare = model oddness of logon by account, server over 30d\n"
        "t = match logon where rare.score > 0.9",
        "rare = model novelty of logon by account, server over 30d\n"
        "t = match logon where rare.score > 0.9",
    ),
)  # fmt: skip
CODES: Final = {c.code: c for c in _CODES}
