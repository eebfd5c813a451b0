"""What `atp explain --plan` prints."""

from dsl.explain_plan import describe
from dsl.params import Param

BLOCK = """
w = window ntlm_auth by source over $span compute n := count() where via == wire, who := set(account) having n >= 3
won = sequence by source within 1h: w as many then kerberos_as as k where k.account in many.who x 2
gone = absence of logon where logon.status == 3 following won by source within 30m
j = join gone with host_binding on source ~ host within 1d before optional keep method, ip as at
u = union j, w
alert u as (source: source, actor: source) severity high confidence 80 when not is_dc(source) except source in @known
"""


def test_every_part_is_shown(planned):
    params = {"span": ("duration", 600_000_000)}
    built = planned(BLOCK, params=params, lists={"known": "host"})
    text = describe(built, {"span": Param("span", "duration", 600_000_000, "")})
    for part in (
        "example, version 3",
        "reads host_binding, kerberos_as, logon, ntlm_auth",
        "parameters $span = 10m",
        "w = sliding window ntlm_auth (all witnesses) by source over 10m",
        "compute n := count() where via == wire",
        "columns source: host, n: int, who: list of account",
        "first w as many",
        "then kerberos_as as k where k.account in many.who x 2",
        "gone = absence of logon following won by source within 30m",
        "where of.status == 3",
        "uncovered rows are withheld",
        "columns those of won; covered: bool",
        "on source ~ host within 1d before optional",
        "keep method, ip as at",
        "one alert for 1d by source",
        "except source in @known",
        "raised when the watermark has passed and the directory is settled:",
        "- `gone` is an absence",
        "- the partner of `j` is optional",
        "- the alert's `when`: `not is_dc(source)` is a negative fact",
    ):
        assert part in text, text


def test_at_once(planned):
    text = describe(planned("t = match logon where encrypted\nalert t as (source: source)"))
    assert "raised at once" in text
    assert "looks back not at all" in text
