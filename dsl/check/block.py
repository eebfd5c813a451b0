"""The relations of a block in dependency order, and the shared ones they read.

Names resolve local -> shared -> event type, wherever they are defined; a relation is built when it
is first read. In the plan a shared relation keeps its id (`shared.<id>` where the block has a
relation of that name), the helpers inside its file are `<id>.<name>`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl import plan, syntax
from dsl.check import joins, models, profiles, sequences, verbs
from dsl.check.context import Context
from dsl.check.report import Report
from dsl.check.scope import Relation
from dsl.check.walk import parts
from dsl.faults import did_you_mean
from dsl.schema.registry import event_types
from dsl.types import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.catalogue import SharedRelation
    from dsl.check.context import Param
    from dsl.check.verbs import Built


def event_relation(name: str) -> Relation:
    """An event type as something to be read: its columns without `ts`, which every row has."""
    columns = {
        c.name: Type(c.field.kind, c.many, c.field.words, c.field.open_words)
        for c in event_types()[name].columns.values()
        if c.name != "ts"
    }
    scan = plan.Scan(name, primary_only=True, columns=tuple(columns.items()))
    return Relation(name, scan, dict(columns), event=True)


class Shared:
    """The shared relations that one detection reads, each checked once."""

    def __init__(
        self,
        files: Mapping[str, SharedRelation],
        lists: Mapping[str, str],
        local: frozenset[str],
    ) -> None:
        self.files = files
        self.lists = lists
        self.local = local
        self.nodes: dict[str, plan.Node] = {}
        self.reports: dict[str, Report] = {}
        self.read_covered: set[str] = set()
        self.building: list[str] = []
        self._blocks: dict[str, BlockRelations] = {}

    def get(self, name: str) -> Relation | None:
        """The relation of a shared file; None where it is just being built, that is in a cycle."""
        return self.block(name).own(name)

    def block(self, name: str) -> BlockRelations:
        """The relations of a shared file."""
        block = self._blocks.get(name)
        if block is None:
            report = self.reports[name] = Report()
            file = self.files[name]
            block = BlockRelations(file.block, report, {}, self, home=name)
            self._blocks[name] = block
            block.build()
        return block

    def defined(self, name: str) -> syntax.Relation | None:
        """The statement that a shared file is there for."""
        statements = self.files[name].block.statements
        named = (s for s in statements if isinstance(s, syntax.Assign) and s.name == name)
        return next((s.relation for s in named), None)

    def called(self, home: str, name: str) -> str:
        """The plan's name of a relation in the file `home`."""
        if name != home:
            return f"{home}.{name}"
        return f"shared.{name}" if name in self.local else name


class BlockRelations:
    """Builds the relations of one block. `home` is the shared file's id, empty for a detection."""

    def __init__(
        self,
        block: syntax.Block,
        report: Report,
        params: Mapping[str, Param],
        shared: Shared,
        home: str = "",
    ) -> None:
        self.shared = shared
        self.home = home
        self.assigns: dict[str, syntax.Assign] = {}
        self.nodes: dict[str, plan.Node] = {} if not home else shared.nodes
        self._done: dict[str, Relation] = {}
        for statement in block.statements:
            if not isinstance(statement, syntax.Assign):
                continue
            if statement.name in self.assigns:
                report.error(
                    "D0202", statement.name_at, f"`{statement.name}` is defined twice",
                    "a second time", "give one of them another name",
                )  # fmt: skip
            else:
                self.assigns[statement.name] = statement
        self.context = Context(
            report,
            params,
            shared.lists,
            frozenset(self.assigns),
            self.profile,
            shared.read_covered,
        )

    def build(self) -> None:
        """All relations, whether something reads them or not."""
        for name in self.assigns:
            self._local(name)

    def get(self, path: syntax.Path) -> Relation:
        """What a name in a place of a relation stands for."""
        name = ".".join(path.parts)
        if name in self.assigns or name in self.shared.files:
            found = self.own(name) if name in self.assigns else self.shared.get(name)
            return self._cycle(path, name) if found is None else found
        if name in event_types():
            return event_relation(name)
        known = [*self.assigns, *self.shared.files, *event_types()]
        self.context.report.error(
            "D0201", path.at, f"there is no relation or event type `{name}`", "not known",
            did_you_mean(name, known),
        )  # fmt: skip
        return Relation(name, None, {}, open=True)

    def rows(self, path: syntax.Path) -> Relation:
        """What a name stands for where rows are read."""
        relation = self.get(path)
        if relation.told is None:
            return relation
        name = relation.name
        profile = "ready" in relation.told.reads
        self.context.report.error(
            "D0217", path.at, f"`{name}` is a {'profile' if profile else 'model'} and has no rows",
            "rows belong here",
            f"read what it learnt from, and ask it by name: `{name}.{'n' if profile else 'score'}`",
        )  # fmt: skip
        return Relation(name, None, {}, open=True)

    def profile(self, path: syntax.Path) -> Relation | None:
        """The profile or model that a dotted name begins with, None where it begins with none."""
        name = path.parts[0]
        local = self.assigns.get(name)
        if local is not None:
            there: syntax.Relation | None = local.relation
        elif name in self.shared.files:
            there = self.shared.defined(name)
        else:
            return None
        if not isinstance(there, syntax.Profile | syntax.Model):
            return None
        found = self.own(name) if local is not None else self.shared.get(name)
        return self._cycle(path, name) if found is None else found

    def own(self, name: str) -> Relation | None:
        """A relation of this block; None where it is just being built."""
        return None if self.called(name) in self.shared.building else self._local(name)

    def called(self, name: str) -> str:
        """The plan's name of a relation of this block."""
        return self.shared.called(self.home, name) if self.home else name

    def _cycle(self, path: syntax.Path, name: str) -> Relation:
        chain = self.shared.building
        called = self.called(name) if name in self.assigns else self.shared.called(name, name)
        way = [*chain[chain.index(called) :], called]
        same = name in event_types() or (name in self.shared.files and not self.home)
        self.context.report.error(
            "D0209", path.at,
            f"`{name}` is made from itself: " + " reads ".join(f"`{w}`" for w in way),
            "a cycle",
            f"name it otherwise than what it reads, `{name}`" if same else "break the cycle",
        )  # fmt: skip
        return Relation(name, None, {}, open=True)

    def _local(self, name: str) -> Relation:
        done = self._done.get(name)
        if done is not None:
            return done
        assign = self.assigns[name]
        called = self.called(name)
        self.shared.building.append(called)
        node, relation = self._build(name, assign.relation)
        self.shared.building.pop()
        if node is not None:
            typed = relation.typed()
            self.nodes[called] = node
            if typed is not None:
                relation = replace(relation, node=plan.Ref(called, typed))
            relation = replace(relation, covered=_renamed(relation.covered, name, called))
        self._done[name] = relation
        return relation

    def _build(self, name: str, node: syntax.Relation) -> Built:
        context = self.context
        match node:
            case syntax.Match(source):
                return verbs.match(context, node, name, self.rows(source))
            case syntax.Union(sources):
                return verbs.union(name, [self.rows(s) for s in sources])
            case syntax.Window(source):
                return verbs.window(context, node, name, self.rows(source))
            case syntax.Sequence():
                read = [self.rows(s.source) for s in node.steps]
                return sequences.sequence(context, node, name, read)
            case syntax.Join(left, right):
                return joins.join(context, node, name, self.rows(left), self.rows(right))
            case syntax.Absence():
                of, anchor = self.rows(node.of), self.rows(node.anchor)
                return joins.absence(context, node, name, of, anchor)
            case syntax.Score(source):
                return verbs.score(context, node, name, self.rows(source))
            case syntax.Profile(source):
                return profiles.profile(context, node, name, self.rows(source))
            case syntax.Model(_, source):
                return models.model(context, node, name, self.rows(source))

    def unread(self, alerts: tuple[syntax.Alert, ...]) -> list[syntax.Assign]:
        """Relations that nothing names."""
        named = {a.source.parts[0] for a in alerts}
        for tree in (*(a.relation for a in self.assigns.values()), *alerts):
            named |= {p.parts[0] for p in parts(tree) if isinstance(p, syntax.Path)}
        return [a for a in self.assigns.values() if a.name not in named]


def _renamed(
    covered: dict[str, frozenset[str]], name: str, called: str
) -> dict[str, frozenset[str]]:
    """Absences by their names in the plan."""
    if name == called:
        return covered
    return {k: frozenset(called if n == name else n for n in v) for k, v in covered.items()}
