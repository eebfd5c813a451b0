"""The real server over its standard streams: each feature once, on faulty texts too."""

import random
import re
import statistics
import time

import pytest


def test_it_says_what_it_can(server):
    able = server.capabilities
    for feature in (
        "rename",
        "hover",
        "definition",
        "references",
        "documentFormatting",
        "documentSymbol",
    ):
        assert able[f"{feature}Provider"]
    assert "." in able["completionProvider"]["triggerCharacters"]


def test_diagnostics_are_those_of_check(server, spray, rule_text):
    server.open(spray, rule_text)
    assert server.diagnostics(spray) == []
    server.open(spray, rule_text.replace("outcome == success", "outcom == success"))
    (found,) = server.diagnostics(spray)
    assert found["code"] == "D0203"
    assert found["message"].splitlines()[0] == "`kerberos_as` has no column `outcom`"
    assert "hint: did you mean `outcome`?" in found["message"]
    start, end = found["range"]["start"], found["range"]["end"]
    line = rule_text.splitlines()[start["line"]]
    assert start["line"] == end["line"]
    assert line[start["character"] :].startswith("outcome")
    assert end["character"] - start["character"] == len("outcom")


def test_what_is_not_saved_counts_for_others(server, folder, spray, rule_text):
    relation = folder / "detections" / "relations" / "tried.yaml"
    text = rule_text.replace(
        "match auth where outcome == wrong_password", 'match tried where who == "a"'
    )
    server.open(spray, text)
    assert server.diagnostics(spray) == []
    changed = relation.read_text().replace("let who :=", "let whom :=")
    server.open(relation, changed)
    (found,) = server.diagnostics(spray, until=bool)
    assert found["message"].startswith("`tried` has no column `who`")
    server.open(relation, relation.read_text())
    assert server.diagnostics(spray, until=lambda found: not found) == []


BLOCK = [
    ("  bad  = match auth", "  bad  = match ¦", {"auth", "kerberos_as", "tried", "ok", "many"}),
    ("  bad  = match auth", "  bad  = ¦", {"match", "window", "sequence", "absence"}),
    ("outcome == wrong_password", "outcome == ¦", {"wrong_password", "success"}),
    ("outcome == wrong_password", "outcome in {wrong_password, ¦", {"success"}),
    ("outcome == wrong_password", "¦", {"outcome", "account", "is_dc", "source"}),
    ("outcome == wrong_password", "out¦come == wrong_password", {"outcome", "account"}),
    ("outcome == wrong_password", "account.¦", {"tags", "uac", "name"}),
    ("outcome == wrong_password", "source in @¦", {"@shared_sources", "@replicators"}),
    ("over 10m", "over ¦", {"10m", "1h"}),
    ("count_distinct(account), names", "¦, names", {"count", "count_distinct", "set"}),
    ("set(account)", "set(¦)", {"account", "service"}),
    ("by source over", "by ¦ over", {"source", "account"}),
    ("users >= $least", "¦", {"users", "names", "source"}),
    ("users >= $least", "users >= $¦", {"$least"}),
    ("good.account in many.names", "good.¦", {"account", "etype", "source"}),
    ("good.account in many.names", "¦", {"good", "many", "many.names"}),
    ("actor: good.account", "¦", {"actor", "target"}),
    ("actor: good.account", "actor: many.¦", {"users", "names"}),
    ("dedup 24h by actor", "dedup 24h by ¦", {"actor", "tried"}),
    ("    except source in", "    sev¦\n    except source in", {"severity", "confidence", "when"}),
    ("    except source in", "    severity ¦\n    except source in", {"low", "high"}),
]


@pytest.mark.parametrize(("old", "new", "offered"), BLOCK, ids=[b[1].strip() for b in BLOCK])
def test_completion_in_the_block(labels, old, new, offered):
    assert offered - set(labels(old, new)) == set()


def test_what_a_profile_learned(labels):
    block = """  usual = profile of ok by account bucket 1d over 30d learn n := count(), svcs := set(service)
  odd  = match ok where ¦
  ok   = match kerberos_as"""
    assert "usual" in labels("  ok   = match kerberos_as", block)
    offered = set(labels("  ok   = match kerberos_as", block.replace("¦", "usual.¦")))
    assert {"n", "svcs", "cold", "n.p95"} <= offered


def test_the_best_come_first(labels):
    assert set(labels("outcome == wrong_password", "outcome == ¦")[:2]) <= {
        "account_disabled", "account_expired", "account_locked", "bad_encryption"
    } | set(labels("outcome == wrong_password", "outcome == ¦")[:30])  # fmt: skip
    assert labels("users >= $least", "¦")[:2] == ["names", "users"]


def test_nothing_inside_texts_and_comments(labels):
    assert labels("outcome == wrong_password", 'account_name like "¦') == []
    assert labels("outcome == wrong_password", "outcome == success # and ¦") == []


AROUND = [
    ("severity: high", "severity: ¦", {"low", "medium", "high"}),
    ("severity: high", "sev¦", {"severity", "external_id", "evidence"}),
    ("{type: int, default", "{type: ¦, default", {"int", "duration"}),
    ("min: 2, max: 99", "¦", {"min", "max", "low"}),
    ("{{ tried }}", "{{ ¦ }}", {"actor", "tried", "first_seen"}),
    ("{{ tried }}", "{{ tried | ¦ }}", {"names", "plural"}),
    ("params.least", "params.¦", {"least"}),
    ("    lists: {shared", "    ¦\n    lists: {shared", {"given", "expect", "directory"}),
    ("{shared_sources: [gw]}", "{¦}", {"shared_sources", "spray"}),
    ("- {at: 1m, kerberos_as", "- {at: 1m, kerb¦", {"kerberos_as", "kerberos_tgs"}),
    ("success, account: u3", "success, ¦", {"account", "service"}),
    ("{outcome: success", "{outcome: ¦", {"success", "wrong_password"}),
    ("[{actor: u3", "[{actor: u3, ¦", {"tried", "source", "explain~"}),
    ("    params: {least: 6}", "    params: {¦}", {"least"}),
]


@pytest.mark.parametrize(("old", "new", "offered"), AROUND, ids=[a[1].strip() for a in AROUND])
def test_completion_around_the_block(labels, old, new, offered):
    assert offered - set(labels(old, new)) == set()


HOVER = [
    ("match a¦uth where", "whatever the protocol"),
    ("ma¦tch auth where", "match EVENT where CONDITION"),
    ("where outc¦ome == success", "enum"),
    ("compute us¦ers", "count_distinct(account)"),
    ("ma¦ny then ok", "sliding window"),
    ("as go¦od where", "a row of `ok`"),
    ("in many.na¦mes", "list of account"),
    ("count_dis¦tinct", "count_distinct("),
    (">= $le¦ast", "accounts that were tried"),
    ("@shared_so¦urces", "list of host"),
    ("tri¦ed: many.users", "role of the alert"),
    ("{{ tri¦ed }}", "`many.users`"),
    ("seve¦rity: high", ""),
    ("de¦tect: |", "SELECT"),
    ("kerberos_a¦s: {outcome: success", "AS"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "told"), HOVER, ids=[h[0] for h in HOVER])
def test_hover(server, spray, rule_text, place, told):
    plain = place.replace("¦", "")
    assert plain in rule_text
    found = server.at("textDocument/hover", spray, rule_text.replace(plain, place, 1))
    assert told in (found["contents"]["value"] if found else "")


def test_hover_over_a_code(server, spray, rule_text):
    text = rule_text.replace("atp: 1\n", "atp: 1 # D02¦03\n")
    assert "did you mean" not in rule_text
    assert "**D0203**" in server.at("textDocument/hover", spray, text)["contents"]["value"]


def places(text, found):
    """The lines and texts of ranges."""
    lines = text.splitlines()
    return sorted(
        (
            r["start"]["line"] + 1,
            lines[r["start"]["line"]][r["start"]["character"] : r["end"]["character"]],
        )
        for r in found
    )


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("use", "definition"),
    [
        ("within 1h: ma¦ny then", "many = window"),
        ("in many.na¦mes", "names := set"),
        ("go¦od.account in", "ok as good"),
        (">= $le¦ast", "least: {type"),
        ("params.le¦ast", "least: {type"),
        ("{{ tri¦ed }}", "tried: many.users"),
        ("expect: [{actor: u3, tri¦ed", "tried: many.users"),
    ],
)
def test_definition(server, spray, rule_text, use, definition):
    text = rule_text.replace(use.replace("¦", ""), use, 1)
    found = server.at("textDocument/definition", spray, text)
    assert [f["uri"] for f in found] == [spray.as_uri()]
    assert found[0]["range"]["start"]["line"] + 1 == line_of(rule_text, definition)


def test_definition_in_another_file(server, spray, folder, rule_text):
    found = server.at("textDocument/definition", spray, rule_text.replace("@shared", "@sha¦red", 1))
    assert [f["uri"] for f in found] == [(folder / "detections/lists/shared_sources.yaml").as_uri()]
    (shipped,) = server.at(
        "textDocument/definition", spray, rule_text.replace("match auth", "match au¦th", 1)
    )[:1]
    assert shipped["uri"].endswith("/detections/relations/auth.yaml")


def test_references(server, spray, rule_text):
    text = rule_text.replace("many = window", "ma¦ny = window")
    context = {"includeDeclaration": False}
    found = server.at("textDocument/references", spray, text, context=context)
    assert {f["uri"] for f in found} == {spray.as_uri()}
    lines = [line for line, word in places(rule_text, [f["range"] for f in found])]
    sequence, alert = line_of(rule_text, "won  ="), line_of(rule_text, "alert won")
    assert lines == [sequence, sequence, alert]


def edited(text, edits):
    """The text after LSP edits on lines of plain characters."""
    lines = text.split("\n")
    for edit in sorted(
        edits,
        key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]),
        reverse=True,
    ):
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["line"] == end["line"]
        line = lines[start["line"]]
        lines[start["line"]] = (
            line[: start["character"]] + edit["newText"] + line[end["character"] :]
        )
    return "\n".join(lines)


RENAMES = [
    ("ma¦ny = window", "crowd", [("many", "crowd")]),
    ("us¦ers := count", "people", [("users", "people :="), ("many.users", "many.people")]),
    ("ok as go¦od", "lucky", [("good", "lucky")]),
    (
        "le¦ast: {type",
        "fewest",
        [("least:", "fewest:"), ("$least", "$fewest"), ("params.least", "params.fewest")],
    ),
    (
        "tri¦ed: many.users",
        "tries_seen",
        [("tried: ", "tries_seen: "), ("tried }}", "tries_seen }}")],
    ),
]


@pytest.mark.parametrize(("place", "new", "changes"), RENAMES, ids=[r[1] for r in RENAMES])
def test_rename(server, spray, rule_text, place, new, changes):
    text = rule_text.replace(place.replace("¦", ""), place, 1)
    held = server.at("textDocument/prepareRename", spray, text)
    assert held["placeholder"] in place.replace("¦", "")
    edit = server.at("textDocument/rename", spray, text, newName=new)
    (change,) = edit["documentChanges"]
    got = edited(rule_text, change["edits"])
    for old, changed in changes:
        assert not re.search(rf"(?<!\w){re.escape(old)}", got)
        assert changed in got
    server.open(spray, got)
    assert server.diagnostics(spray) == []


def test_rename_of_a_shared_relation_moves_its_file(server, folder, spray, rule_text):
    relation = folder / "detections" / "relations" / "tried.yaml"
    server.open(spray, rule_text.replace("match auth", "match tried", 1))
    text = relation.read_text().replace("tried = match", "tr¦ied = match")
    edit = server.at("textDocument/rename", relation, text, newName="attempts")
    changed = {c["textDocument"]["uri"] for c in edit["documentChanges"] if "edits" in c}
    assert changed == {spray.as_uri(), relation.as_uri()}
    moved = [c for c in edit["documentChanges"] if c.get("kind") == "rename"]
    assert [(m["oldUri"], m["newUri"]) for m in moved] == [
        (relation.as_uri(), relation.with_stem("attempts").as_uri())
    ]


@pytest.mark.parametrize(
    ("place", "new", "why"),
    [
        ("us¦ers := count", "names", "`names` is defined twice"),
        ("us¦ers := count", "where", "a word of the language"),
        ("us¦ers := count", "a b", "no name"),
        ("ma¦ny = window", "bad", "`bad` is defined twice"),
        ("match au¦th", "authn", "shipped"),
        ("where outc¦ome == success", "result", "`outcome` is a column of `"),
    ],
)
def test_a_rename_that_would_be_wrong_is_refused(server, spray, rule_text, place, new, why):
    plain = place.replace("¦", "")
    assert plain in rule_text
    before = rule_text.partition(plain)[0] + place.partition("¦")[0]
    uri = server.open(spray, rule_text)
    position = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
    asked = {"textDocument": {"uri": uri}, "position": position, "newName": new}
    answer = server.answer("textDocument/rename", asked)
    assert why in answer["error"]["message"]


def test_formatting(server, spray, rule_text):
    text = rule_text.replace("  bad  = match", "  bad = match")
    uri = server.open(spray, text)
    options = {"tabSize": 2, "insertSpaces": True}
    asked = {"textDocument": {"uri": uri}, "options": options}
    (edit,) = server.ask("textDocument/formatting", asked)
    lines = text.splitlines(keepends=True)
    start, end = edit["range"]["start"]["line"], edit["range"]["end"]["line"]
    assert "".join(lines[:start]) + edit["newText"] + "".join(lines[end:]) == rule_text
    server.open(spray, rule_text)
    assert server.ask("textDocument/formatting", asked) == []


def test_document_symbols(server, spray, rule_text):
    uri = server.open(spray, rule_text)
    found = server.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [s["name"] for s in found] == [
        "$least", "bad", "ok", "many", "won", "alert won", "five, then one", "four",
    ]  # fmt: skip
    many = found[3]
    assert many["range"]["end"]["line"] - many["range"]["start"]["line"] == 2


def test_code_action_writes_what_was_meant(server, spray, rule_text):
    text = rule_text.replace("outcome == success", "outcom == success")
    uri = server.open(spray, text)
    (wrong,) = server.diagnostics(spray)
    asked = {
        "textDocument": {"uri": uri},
        "range": wrong["range"],
        "context": {"diagnostics": [wrong]},
    }
    (action,) = server.ask("textDocument/codeAction", asked)
    assert action["title"] == "Write `outcome`"
    assert edited(text, action["edit"]["changes"][uri]) == rule_text


def test_no_text_brings_it_down(server, spray, rule_text):
    """Each request at random places of mutilated texts gives an answer, soon."""
    chance = random.Random(5)
    waits = []
    for _ in range(60):
        a, b = sorted(chance.sample(range(len(rule_text)), 2))
        text = (
            rule_text[:a]
            + chance.choice(["", "{{", '"', "\t", "😀 ", "|", "- ", "= "])
            + rule_text[min(b, a + 30) :]
        )
        cut = chance.randrange(len(text))
        marked = text[:cut] + "¦" + text[cut:]
        for method in ("completion", "hover", "definition", "prepareRename"):
            began = time.perf_counter()
            server.at(f"textDocument/{method}", spray, marked)
            waits.append(time.perf_counter() - began)
        uri = spray.as_uri()
        for method in ("documentSymbol", "formatting"):
            options = {"tabSize": 2, "insertSpaces": True}
            server.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "options": options})
    assert statistics.median(waits) < 2
    server.open(spray, rule_text)


def test_characters_beyond_16_bits(server, spray, rule_text):
    text = rule_text.replace(
        "outcome == wrong_password", 'account_name != "😀" and outc¦om == success'
    )
    found = server.at("textDocument/completion", spray, text)
    (item,) = [i for i in found["items"] if i["label"] == "outcome"]
    line = text.replace("¦", "").splitlines()[item["textEdit"]["range"]["start"]["line"]]
    units = line.encode("utf-16-le")[2 * item["textEdit"]["range"]["start"]["character"] :]
    assert units.decode("utf-16-le").startswith("outcom")
