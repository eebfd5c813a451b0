"""The catalogue written on paper: every block parses; each checks, or is refused for what this
version does not compute (trained models) and for nothing else.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsl.catalogue import Detection, ListFile, SharedRelation
from dsl.check import check, check_relation
from dsl.diagnostics import Diagnostics
from dsl.envelope import Envelope
from dsl.params import Param
from dsl.parse import parse
from dsl.source import parse_source

TEXT = (Path(__file__).parent / "catalogue.txt").read_text()
HEAD = re.compile(r"^### (shared |chain )?(\S+)(?: (\w+))?", re.MULTILINE)
HOUR = 3_600_000_000
PARAMS = {
    "broad": ("int", 50), "dkm_container": ("text", "CN=ADFS,CN=Microsoft,CN=Program Data"),
    "floor": ("int", 5), "fraction": ("float", 0.05), "grace": ("duration", HOUR),
    "learning": ("duration", 24 * 7 * HOUR), "low": ("bool", False), "min": ("int", 3),
    "min_kinds": ("int", 2), "min_passwords": ("int", 5), "min_queries": ("int", 100),
    "min_rc4": ("int", 2), "min_requests": ("int", 10), "min_slow_users": ("int", 20),
    "min_tries": ("int", 10), "min_unknown": ("int", 10), "min_users": ("int", 10),
    "nat": ("bool", False), "popular": ("int", 3), "slack": ("duration", HOUR),
    "span": ("duration", 10 * HOUR), "suspicious_path": ("text", r"(?i)\\temp\\"),
    "window": ("duration", HOUR),
}  # fmt: skip
OF_TEXT = {
    "authentication_ekus", "defender_settings", "dns_heavy_domains", "esx_groups",
    "kerberos_tool_fingerprints", "low_value", "metasploit_fingerprints", "pki_containers",
    "replication_rights", "sensitive_attributes", "smb_tool_fingerprints", "tool_services",
    "trusted_issuers", "wannacry_fingerprints",
}  # fmt: skip

# what the catalogue on paper says otherwise than the language: (block, code, what is meant)
DIFFERS = {
    ("2021", "D0315", "a method's name or a SID: `text(object_sid)` makes both text"),
    ("2018", "D0203", "a sequence has its keys and its steps' columns: `domain ~ first.domain`"),
    ("2429", "D0204", "any_honeytoken: `is_honeytoken` takes a list and is true for any element"),
    ("2023", "D0204", "recently_ok: a profile says whether an account is usual at a source"),
    ("2419", "D0204", "exists_at: `exists` is as of the row's ts"),
    ("2047", "D0204", "n_or: an unseen key has n = 0"),
    ("2027", "D0204", "exists_at: `exists` is as of the row's ts"),
    ("2032", "D0204", "max_of: it is called `greatest`"),
    ("1106", "D0305", "value is text in a directory change and a sid in an account change"),
    (
        "2028",
        "D0204",
        "first_rdn, parent_or_self: `parent_rdn` reads the server of a settings object",
    ),
    ("xdr_silver_ticket", "D0219", "a service's ticket does not name the service's account"),
    ("xdr_suspicious_pac_ticket", "D0204", "exists_at: `exists` is as of the row's ts"),
}


@dataclass
class Written:
    id: str
    shared: bool
    text: str


def _written():
    heads = list(HEAD.finditer(TEXT))
    ends = [h.start() for h in heads[1:]] + [len(TEXT)]
    for head, end in zip(heads, ends, strict=True):
        body = TEXT[head.start() : end].partition("\n")[2]
        name = head[3] if head[1] == "chain " and head[3] else head[2]
        yield Written(
            head[2] if head[1] != "chain " else name or head[2], head[1] == "shared ", body
        )


BLOCKS = list(_written())


def source_of(written):
    indented = "".join(f"  {line}\n" if line else "\n" for line in written.text.split("\n"))
    text = f"atp: 1\nid: {written.id}\nexplain: seen\ndetect: |\n{indented}"
    found = Diagnostics()
    source = parse_source(f"{written.id}.yaml", text, found)
    assert not found.items, found.items
    return source


def params_of(written):
    names = dict.fromkeys(re.findall(r"\$([a-z_][a-z0-9_]*)", written.text))
    return {n: Param(n, *PARAMS[n], help="") for n in names if n in PARAMS}


def block_of(source):
    block, faults = parse(source.block("detect"))
    assert not faults
    return block


def detection(written):
    source = source_of(written)
    envelope = Envelope(
        id=written.id, version=1, title="t", severity="medium", confidence=50, external_id=None,
        kill_chain="", mitre=(), description="", references=(), false_positives=(),
        known_gaps=(), respond=(), params=params_of(written), explain="seen", evidence=(),
    )  # fmt: skip
    return Detection(envelope, block_of(source), (), source, Path(f"{written.id}.yaml"))


def lists():
    names = set(re.findall(r"(?<!\w)@([a-z_][a-z0-9_]*)", TEXT))
    source = source_of(Written("lists", shared=False, text="x = match logon"))
    return {
        n: ListFile(n, "text" if n in OF_TEXT else "host", "", (), source, Path(f"{n}.yaml"))
        for n in names
    }


def relations():
    made = {}
    for written in BLOCKS:
        if written.shared:
            source = source_of(written)
            made[written.id] = SharedRelation(
                written.id, "t", "d", block_of(source), (), source, Path(f"{written.id}.yaml")
            )
    return made


RELATIONS, LISTS = relations(), lists()


def test_the_catalogue_is_whole():
    assert len([b for b in BLOCKS if b.shared]) == 5
    assert len([b for b in BLOCKS if not b.shared]) == 97


@pytest.mark.parametrize("name", sorted(RELATIONS))
def test_shared_relation_checks(name):
    plan, found = check_relation(RELATIONS[name], RELATIONS, LISTS)
    assert not found
    assert plan is not None


@pytest.mark.parametrize("written", [b for b in BLOCKS if not b.shared], ids=lambda b: b.id)
def test_detection_checks_or_is_refused(written):
    plan, found = check(detection(written), RELATIONS, LISTS)
    codes = {d.code for d in found if d.severity == "error"}
    differs = {code for block, code, _ in DIFFERS if block == written.id}
    assert codes == differs, found
    assert (plan is None) == bool(codes)
