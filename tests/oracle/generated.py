"""Random detections as text, and small sparse streams for them: strategies for Hypothesis.

Plans come through the language, so that the parser and the checker are tested with them. Times lie
on a coarse grid and keys are few, so that ties, edges of windows and near misses happen often.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from naive_directory import World

from dsl.given_directory import DirectoryObject
from dsl.given_events import BASE
from dsl.schema.base import Event
from dsl.schema.registry import event_types
from engine.directory_file import DirectoryFile
from engine.entities_build import directory_of
from engine.lists import list_row

S = 1_000_000
GRID = 5 * S
TICKS = 14
EVENTS = ("kerberos_as", "ntlm_auth", "kerberos_tgs")
ACCOUNTS = ("u1", "u2", "grp")
HOSTS = ("h1", "h2")
NUMBERS = (0, 1, 2, 7)
OUTCOMES = ("success", "wrong_password")
SPANS = ("5s", "10s", "15s", "30s", "40s")
COLUMNS = {
    "account": "account", "source": "host", "dc": "host", "src_port": "int", "dst_port": "int",
    "outcome": "enum", "src_ip": "ip", "domain": "text",
}  # fmt: skip
STATISTICS = ("mean", "std", "median", "mad", "p95", "p99", "max")
ALWAYS = {
    "n": "int", "first_seen": "time", "last_seen": "time", "buckets": "int", "cold": "bool",
    "ready": "bool", "age": "duration", "hour_share(ts)": "float", "n.mean": "float",
    "n.mad": "float",
}  # fmt: skip
VALUES: dict[str, tuple[Any, ...]] = {
    "account": ACCOUNTS, "source": HOSTS, "dc": HOSTS, "src_port": NUMBERS, "dst_port": NUMBERS,
    "outcome": OUTCOMES, "src_ip": ("10.0.0.1", "10.0.0.9", "fe80::1"), "domain": ("x.test",),
}  # fmt: skip


def the_world() -> World:
    """Facts that change in the middle of the stream, at an edge of the grid."""
    middle = BASE + 6 * GRID
    objects = (
        DirectoryObject("host", "h1", {"tags": ("dc",)}, valid_from=middle),
        DirectoryObject("host", "h2", {}),
        DirectoryObject("account", "u1", {"department": "it", "created": BASE}, valid_to=middle),
        DirectoryObject("account", "u2", {"tags": ("honeytoken",), "department": "it"}),
        DirectoryObject("group", "grp", {"sensitive": True}, members=("u1",)),
    )
    rows = directory_of(DirectoryFile(objects, ())).take_rows()
    assert rows is not None
    lists = {
        "hosts": [list_row("hosts", "host", "h2"), list_row("hosts", "host", "h1", expires=middle)],
        "nets": [list_row("nets", "ip", "10.0.0.0/30")],
    }
    silent = {"kerberos_tgs": [(BASE + 4 * GRID, BASE + 5 * GRID)]}
    return World(rows, lists, silent)


# --- streams -------------------------------------------------------------------------------------


@st.composite
def streams(draw: st.DrawFn, most: int = 11) -> tuple[Event, ...]:
    """Events with ids in the order of arrival, which is not that of time."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(EVENTS),
                st.integers(0, TICKS),
                st.fixed_dictionaries(
                    {n: st.sampled_from([*VALUES[n][:1] * 4, *VALUES[n], None]) for n in COLUMNS}
                ),
                st.booleans(),
                st.booleans(),
            ),
            min_size=3,
            max_size=most,
        )
    )
    events = []
    for number, (kind, tick, values, second, other) in enumerate(rows):
        events.append(
            event_types()[kind].struct(
                ts=BASE + tick * GRID, id=number + 1, sensor="b" if second else "a",
                seq=len(rows) - number if other else 100 + number, primary=True, via="wire", **values,
            )
        )  # fmt: skip
    return tuple(events)


# --- blocks --------------------------------------------------------------------------------------


@dataclass
class Relation:
    """A name that can be read, with the kinds of its columns ("int", "list account", ...)."""

    name: str
    columns: dict[str, str]


@dataclass
class Profile:
    """A profile that can be asked, with the kinds of its keys and of what it tells."""

    name: str
    keys: dict[str, str]
    tells: dict[str, str]


@dataclass
class Writer:
    """Writes a block, drawing every choice."""

    draw: st.DrawFn
    known: list[Relation] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def source(self) -> Relation:
        """A relation, mostly one that was written; or an event type."""
        plain = [Relation(e, dict(COLUMNS)) for e in EVENTS]
        return self.pick(*plain, *self.known, *self.known[-2:])

    def of_kind(self, columns: dict[str, str], *kinds: str) -> list[str]:
        return [n for n, k in columns.items() if k in kinds]

    # conditions

    def condition(self, columns: dict[str, str], times: str = "ts", depth: int = 0) -> str:
        """A condition on one row; `times` is the name of its ts."""
        form = self.pick("plain", "plain", "plain", "and", "or", "not") if depth < 2 else "plain"
        if form == "not":
            return f"not ({self.condition(columns, times, depth + 1)})"
        if form in ("and", "or"):
            sides = [self.condition(columns, times, depth + 1) for _ in range(2)]
            return f"({sides[0]}) {form} ({sides[1]})"
        name = self.pick(*columns)
        return self.about(name, columns[name], columns, times)

    def about(self, name: str, kind: str, columns: dict[str, str], times: str) -> str:
        number = self.pick(*NUMBERS)
        if kind == "int":
            others = self.of_kind(columns, "int")
            return self.pick(
                f"{name} >= {number}", f"{name} < {number}", f"{name} == {number}",
                f"{name} != {number}", f"{name} in {{1, 2}}", f"{name} is null",
                f"{name} - {self.pick(*others)} > {number}",
                f"{name} / {self.pick(*others)} >= 1", f"{name} * 2 - 3 <= {number}",
                f"least({name}, {self.pick(*others)}) == {number}",
                f"coalesce({name}, 1) > {number}",
            )  # fmt: skip
        if kind == "float":
            return self.pick(f"{name} >= {number}", f"{name} < 1.5", f"{name} is null")
        if kind == "account":
            who = self.pick(*ACCOUNTS)
            return self.pick(
                f'{name} == "{who.upper()}"', f'{name} != "{who}"', f'{name} in {{"u1", "u2"}}',
                f"{name} is not null", f"is_sensitive({name})", f"{name}.sensitive",
                f'member_of({name}, "grp")', f"exists({name})", f'{name}.department == "it"',
                f"is_honeytoken({name})",
            )  # fmt: skip
        if kind == "host":
            return self.pick(
                f'{name} == "h1"', f'not {name} == "h2"', f"{name} is null", f"is_dc({name})",
                f"{name} in @hosts", f"not {name} in @hosts",
            )  # fmt: skip
        if kind == "enum":
            return self.pick(
                f"{name} == success", f"{name} != success", f"{name} in {{success, denied}}"
            )
        if kind == "ip":
            return self.pick(
                f'{name} cidr "10.0.0.0/24"', f"{name} in @nets", f'{name} == "10.0.0.1"',
            )  # fmt: skip
        if kind == "text":
            return self.pick(f'{name} == "X.TEST"', f'{name} startswith "x"', f"{name} is null")
        if kind == "time":
            return f"{times} - {name} {self.pick('>', '<=')} {self.pick('0s', *SPANS[:3])}"
        if kind == "duration":
            return f"{name} > {self.pick(*SPANS)}"
        if kind == "bool":
            return self.pick(name, f"not {name}")
        if kind == "list account":
            others = self.of_kind(columns, "account")
            return self.pick(
                f"len({name}) >= {number}", f'{name} has "u1"', f'{name} has any {{"u1", "grp"}}',
                f'{name} has all {{"u1", "u2"}}',
                *([f"{self.pick(*others)} in {name}"] if others else []),
            )  # fmt: skip
        return f"len({name}) >= {number}"

    def value(self, columns: dict[str, str]) -> tuple[str, str]:
        """An expression of a `let` and its kind."""
        numbers = self.of_kind(columns, "int")
        choices = [("ts - start", "duration")]
        if numbers:
            n, m = self.pick(*numbers), self.pick(*numbers)
            choices += [
                (f"{n} + {m}", "int"), (f"case({n} > 1 -> 1, {m} > 1 -> 2, else 0)", "int"),
                (f"{n} / {m}", "float"), (f"greatest({n}, {m})", "int"),
            ]  # fmt: skip
        accounts = self.of_kind(columns, "account")
        if accounts:
            choices.append((f"coalesce({self.pick(*accounts)}, {self.pick(*accounts)})", "account"))
            choices.append((f"is_sensitive({self.pick(*accounts)})", "bool"))
        return self.pick(*choices)

    # relations

    def write(self, name: str) -> bool:
        """A statement; False where nothing can be written that way."""
        verb = self.pick(
            "match", "union", "window", "window", "sequence", "sequence", "join", "absence", "score"
        )
        made = getattr(self, verb)()
        if made is None:
            return False
        text, columns = made
        self.lines.append(f"{name} = {text}")
        self.known.append(Relation(name, columns))
        return True

    def match(self) -> tuple[str, dict[str, str]]:
        source = self.source()
        text, columns = f"match {source.name}", dict(source.columns)
        told = self.told(source)
        if told or self.pick(False, False, True):
            text += f" where {self.condition(told or columns)}"
        if self.maybe():
            value, kind = self.value(columns | told)
            name = self.pick("made", "src_port" if kind == "int" else "made")
            text += f" let {name} := {value}"
            columns[name] = kind
        return text, columns

    def score(self) -> tuple[str, dict[str, str]] | None:
        source = self.source()
        if "points" in source.columns:
            return None
        terms = []
        for reason in ("one", "two", "three")[: self.pick(1, 2, 3)]:
            told = self.told(source)
            points = f"{self.pick('+', '+', '-')}{self.pick(1, 10, 40)}"
            said = self.pick("", f' "{reason}"')
            terms.append(f"{self.condition(told or source.columns, depth=1)} -> {points}{said}")
        columns = dict(source.columns) | {"points": "int", "reasons": "list text"}
        return f"score {source.name}: {' '.join(terms)}", columns

    def told(self, source: Relation) -> dict[str, str]:
        """What a profile tells of the rows of a relation; mostly nothing."""
        can = [
            p for p in self.profiles if all(source.columns.get(k) == v for k, v in p.keys.items())
        ]
        if not can or self.pick(False, False, True):
            return {}
        profile = self.pick(*can)
        some = [self.pick(*profile.tells) for _ in range(3)]
        return {f"{profile.name}.{n}": profile.tells[n] for n in some}

    def profile(self, name: str) -> bool:
        """The statement of a profile; False where its source has no key."""
        source = self.source()
        keys = self.keys(source.columns)
        if not keys:
            return False
        tells = dict(ALWAYS)
        learns = []
        for i in range(self.pick(1, 2)):
            text, gained = self.learn(source.columns, f"l{i}")
            if self.pick(False, False, True):
                text += f" where {self.condition(source.columns, depth=1)}"
            learns.append(f"l{i} := {text}")
            tells |= gained
        bucket = self.pick(5, 10, 15, 20)
        text = f"profile of {source.name} by {', '.join(keys)} bucket {bucket}s"
        text += f" over {bucket * self.pick(1, 2, 3)}s learn {', '.join(learns)}"
        if self.pick(False, False, True):
            plain = {n: k for n, k in tells.items() if "(" not in n and n != "ready"}
            text += f" ready {self.condition(plain, depth=1)}"
        people = [k for k in keys if source.columns[k] == "account"]
        if people and self.maybe():
            text += f" peers by {people[0]}.department"
            tells["peers.size"] = "int"
            for n, k in list(tells.items()):
                if k.startswith("list") or n.rpartition(".")[2] in STATISTICS:
                    tells[f"peers.{n}"] = k
        self.lines.append(f"{name} = {text}")
        self.profiles.append(Profile(name, {k: source.columns[k] for k in keys}, tells))
        return True

    def learn(self, columns: dict[str, str], name: str) -> tuple[str, dict[str, str]]:
        """What is learnt, and what it tells under its name."""
        numbers = self.of_kind(columns, "int")
        singles = [n for n, k in columns.items() if not k.startswith("list")]
        accounts = self.of_kind(columns, "account")
        one = self.pick(*singles, *accounts)
        statistics = {f"{name}.{s}": "float" for s in STATISTICS} | {f"{name}.max": "int"}
        choices = [
            ("count()", statistics | {name: "int"}),
            (f"count_distinct({one})", statistics),
            (f"count_distinct({one}, {self.pick(*singles)})", statistics),
            (f"last({one})", {name: columns[one]}),
            (f"first({one})", {name: columns[one]}),
        ]
        if accounts:
            choices.append((f"set({self.pick(*accounts)})", {name: "list account"}))
        if numbers:
            n = self.pick(*numbers)
            choices += [(f"{f}({n})", statistics | {name: "int"}) for f in ("sum", "min", "max")]
            choices.append((f"values({n} + 1)", statistics))
        return self.pick(*choices)

    def union(self) -> tuple[str, dict[str, str]] | None:
        sources = [self.source() for _ in range(self.pick(2, 2, 3))]
        columns: dict[str, str] = {}
        clash = set()
        for source in sources:
            for n, k in source.columns.items():
                if columns.setdefault(n, k) != k:
                    clash.add(n)
        left = {n: k for n, k in columns.items() if n not in clash}
        if not left:
            return None
        return f"union {', '.join(s.name for s in sources)}", left

    def keys(self, columns: dict[str, str]) -> list[str]:
        """One or two columns that can be keys."""
        usable = self.of_kind(columns, "account", "host", "int", "enum")
        likely = [n for n in usable if n.rpartition(".")[2] in ("source", "account")] or usable
        if not usable:
            return []
        first = self.pick(*likely, *likely, *usable)
        rest = [n for n in usable if n != first]
        return [first, self.pick(*rest)] if rest and self.pick(False, False, True) else [first]

    def window(self) -> tuple[str, dict[str, str]] | None:
        source = self.source()
        keys = self.keys(source.columns)
        if not keys:
            return None
        kind = self.pick("", "", " sliding", " tumbling", " session")
        columns = {k: source.columns[k] for k in keys}
        made = []
        for i in range(self.pick(1, 2, 3)):
            text, result = self.aggregate(source.columns)
            name = f"v{len(self.known)}{'abc'[i]}"
            told = self.told(source)
            if told or self.pick(False, False, True):
                text += f" where {self.condition(told or source.columns, depth=1)}"
            made.append(f"{name} := {text}")
            columns[name] = result
        text = f"window {source.name} by {', '.join(keys)} over {self.pick(*SPANS)}{kind}"
        text += f" compute {', '.join(made)}"
        if self.pick(True, False):
            text += f" having {self.condition(columns)}"
        return text, columns

    def aggregate(self, columns: dict[str, str]) -> tuple[str, str]:
        numbers = self.of_kind(columns, "int")
        singles = [n for n, k in columns.items() if not k.startswith("list")]
        accounts = self.of_kind(columns, "account")
        choices = [("count()", "int"), ("gap_cv(ts)", "float"), ("max(ts)", "time")]
        if singles:
            one, two = self.pick(*singles), self.pick(*singles)
            choices += [(f"count_distinct({one})", "int"), (f"count_distinct({one}, {two})", "int")]
            choices += [(f"{e}({one})", columns[one]) for e in ("first", "last")]
        if accounts:
            choices += [(f"set({self.pick(*accounts)})", "list account")]
        if numbers:
            n = self.pick(*numbers)
            choices += [(f"{f}({n})", "int") for f in ("sum", "min", "max")]
            choices += [(f"{f}({n})", "float") for f in ("avg", "std", "p95")]
            choices += [(f"sum({n} + 1)", "int")]
        return self.pick(*choices)

    def sequence(self) -> tuple[str, dict[str, str]] | None:
        shape = self.pick("ab", "ab", "abc", "anb", "anbc", "abnc")
        sources = [self.source() for _ in shape]
        shared = [s.columns for s in sources]
        keys = self.common_keys(shared)
        if keys is None:
            return None
        columns = {k.partition(" ~ ")[0]: shared[0][k.partition(" ~ ")[0]] for k in keys}
        seen: dict[str, str] = {}
        steps = []
        for letter, source in zip(shape, sources, strict=True):
            mine = {f"{letter}.{n}": k for n, k in source.columns.items()}
            text = (
                f"not {source.name} as {letter}" if letter == "n" else f"{source.name} as {letter}"
            )
            if self.pick(True, False, False):
                text += f" where {self.across(letter, mine, seen)}"
            if letter != "n":
                if self.pick(False, False, False, True):
                    text += f" x {self.pick(2, 3)}"
                seen |= mine | {f"{letter}.ts": "time", f"{letter}.start": "time"}
            steps.append(text)
        text = f"sequence by {', '.join(keys)} within {self.pick(*SPANS)}: {' then '.join(steps)}"
        return text, columns | seen

    def common_keys(self, shared: list[dict[str, str]]) -> list[str] | None:
        """A key that all have; of two relations also under two names."""
        usable = [
            n
            for n, k in shared[0].items()
            if k in ("account", "host", "int") and all(c.get(n) == k for c in shared)
        ]
        likely = [n for n in usable if n in ("source", "account")] or usable
        if likely:
            return [self.pick(*likely, *likely, *usable)]
        return None

    def across(self, letter: str, mine: dict[str, str], seen: dict[str, str]) -> str:
        """A condition of a step: on itself, or on what went before."""
        pairs = [
            (a, b)
            for a, k in mine.items()
            for b, j in seen.items()
            if k == j and k in ("account", "host", "int")
        ]
        member = [
            (a, b)
            for a, k in mine.items()
            for b, j in seen.items()
            if k == "account" and j == "list account"
        ]
        times = [n for n in seen if n.endswith(".ts")]
        choices = (
            ["own"]
            + ["pair"] * 2 * bool(pairs)
            + ["time"] * bool(times)
            + ["member"] * bool(member)
        )
        form = self.pick(*choices)
        if form == "pair":
            a, b = self.pick(*pairs)
            return f"{a} {self.pick('==', '!=')} {b}"
        if form == "time":
            return f"{letter}.ts - {self.pick(*times)} {self.pick('>', '<=', '==')} {self.pick(*SPANS[:3])}"
        if form == "member":
            a, b = self.pick(*member)
            return f"{self.pick('', 'not ')}{a} in {b}"
        return self.condition(mine, f"{letter}.ts", 1)

    def two(self) -> tuple[Relation, Relation, str] | None:
        """Two relations with the text of their keys."""
        left, right = self.source(), self.source()
        keys = self.common_keys([left.columns, right.columns])
        if keys is None:
            pairs = [
                (a, b)
                for a, k in left.columns.items()
                for b, j in right.columns.items()
                if k == j and k in ("account", "host")
            ]
            if not pairs:
                return None
            a, b = self.pick(*pairs)
            keys = [f"{a} ~ {b}"]
        return left, right, ", ".join(keys)

    def join(self) -> tuple[str, dict[str, str]] | None:
        found = self.two()
        if found is None:
            return None
        left, right, keys = found
        kept = self.pick(*right.columns)
        optional = self.pick("", " optional")
        text = f"join {left.name} with {right.name} on {keys} within {self.pick(*SPANS)}"
        name = f"kept{len(self.known)}"
        text += f" {self.pick('before', 'after', 'around')}{optional} keep {kept} as {name}"
        return text, left.columns | {name: right.columns[kept]}

    def absence(self) -> tuple[str, dict[str, str]] | None:
        found = self.two()
        if found is None:
            return None
        anchor, of, keys = found
        where = ""
        if self.pick(True, False):
            inside = {f"{of.name}.{n}": k for n, k in of.columns.items()}
            pairs = [
                (a, b)
                for a, k in inside.items()
                for b, j in anchor.columns.items()
                if k == j and k in ("account", "host", "int")
            ]
            if pairs and anchor.name != of.name and self.maybe():
                a, b = self.pick(*pairs)
                where = f" where {a} {self.pick('==', '!=')} {b}"
            else:
                where = f" where {self.condition(inside, f'{of.name}.ts', 1)}"
        direction = self.pick("following", "preceding")
        text = f"absence of {of.name}{where} {direction} {anchor.name} by {keys} within {self.pick(*SPANS)}"
        return text, dict(anchor.columns) | {"covered": "bool"}

    def alert(self, source: Relation) -> None:
        names = [*source.columns, *self.told(source)]
        roles = {}
        for i in range(min(len(names), 4)):
            roles[f"r{i}"] = self.pick(*names)
        text = f"alert {source.name} as ({', '.join(f'{r}: {c}' for r, c in roles.items())})"
        told = self.told(source)
        if told or self.pick(False, False, False, True):
            text += f" when {self.condition(told or source.columns)}"
        single = [c for c in roles.values() if not source.columns.get(c, "list").startswith("list")]
        text += " dedup 1m" + (f" by {single[0]}" if single else "")
        self.lines.append(text)


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """The text of a `detect` block with one or two alert statements."""
    writer = Writer(draw)
    wanted = writer.pick(1, 1, 2, 2, 3, 4)
    learning = writer.pick(False, False, True)
    for i in range(wanted):
        if learning and (i == 0 or writer.maybe()):
            writer.profile(f"usual{i}")
        writer.write(f"rel{i}")
    if not writer.known:
        writer.lines.append("rel0 = match kerberos_as")
        writer.known.append(Relation("rel0", dict(COLUMNS)))
    writer.alert(writer.known[-1])
    if len(writer.known) > 1 and writer.maybe():
        writer.alert(writer.known[-2])
    return "\n".join(writer.lines) + "\n"
