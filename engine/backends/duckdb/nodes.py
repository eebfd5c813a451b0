"""Nodes of a plan to relations of a statement: scans, matches, unions, and who lowers the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from dsl import plan
from dsl.check.look_back import look_back
from engine.backends.duckdb import absence, join, sequence, window
from engine.backends.duckdb.expression import lower
from engine.backends.duckdb.given import lower_given
from engine.backends.duckdb.keyed import AskedFirst, Keyed, own_columns, through_match
from engine.backends.duckdb.lineage import ChoiceLineage, EventLineage, sql_type
from engine.backends.duckdb.novelty.recall import lower_model, lower_novelty
from engine.backends.duckdb.profiles.apart import peers_apart
from engine.backends.duckdb.profiles.learnt import Learnt, begin_of, lower_learnt
from engine.backends.duckdb.profiles.recall import Recalled, lower_recall
from engine.backends.duckdb.reading import Definitions, columns_read
from engine.backends.duckdb.relation import (
    CARRIED,
    LINEAGE,
    OVERFLOW,
    Relation,
    Statement,
    carried,
    present,
)
from engine.backends.duckdb.scope import Scope
from engine.backends.duckdb.terms import (
    binary,
    cast,
    column,
    conjunction,
    false,
    minus,
    named,
    null,
    number,
    read,
    record,
    select,
    star,
    storage,
    stored,
)
from engine.backends.duckdb.trained.model import TrainedModel
from engine.backends.duckdb.trained.recall import lower_scored, lower_trained
from engine.backends.unsupported import Unsupported

if TYPE_CHECKING:
    from engine.backends.duckdb.bounds import Needed
    from engine.backends.duckdb.novelty.model import NoveltyModel

LOW: Final = exp.Parameter(this=exp.Var(this="low"))
HIGH: Final = exp.Parameter(this=exp.Var(this="high"))
BEGIN: Final = exp.Parameter(this=exp.Var(this="begin"))
"""First and last `ts` (microseconds) of the rows wanted, and from when on events are read for them
where that depends on what the engine remembers: bound when the statement runs."""


@dataclass
class Lowering:
    """Lowers the nodes of one detection into one statement.

    `begin`: from when on events are read where nothing says how far back they are wanted (what a
    profile or a model learns from), None: from the beginning. `columns`: names of the columns of
    events that are read at all. `far`, `keyed`: how far before `$low` (None: `begin` says it), and
    for which keys, the rows of the node at hand are wanted. `first`: what must be asked before the
    statement, in order. `needed`: windows without whose rows there is none. `owner`: for whom models learn,
    `budget`: whether they are asked what so many cases a day come to, `reach`: how far before a row
    they may be asked; `models`: those that are read. `protected`: from which
    profiles the events behind the alerts of the detection `withholding` are withheld; `learning`: the
    statement sums up what a profile learns.
    """

    definitions: Definitions
    begin: exp.Expr | None
    columns: frozenset[str]
    statement: Statement = field(default_factory=Statement)
    done: dict[tuple[bool, str, int | exp.Expr | None, Keyed | None], Relation] = field(
        default_factory=dict
    )
    profiles: dict[tuple[bool, str, int | None], Learnt] = field(default_factory=dict)
    first: list[Recalled | AskedFirst] = field(default_factory=list)
    needed: tuple[Needed, ...] = ()
    numbered: int = 0
    inside_shared: bool = False
    far: int | None = 0
    keyed: Keyed | None = None
    owner: str = ""
    budget: bool = False
    reach: int = 0
    models: dict[tuple[bool, str], NoveltyModel | TrainedModel] = field(default_factory=dict)
    withholding: str = ""
    protected: frozenset[tuple[bool, str]] = frozenset()
    learning: bool = False

    def node(
        self,
        node: plan.Node,
        wanted: str,
        further: int | None = None,
        keyed: Keyed | None = None,
    ) -> Relation:
        """The relation of a node; `wanted` is the name that a reader would give it.

        `further`: how much earlier than its reader's its rows are wanted (microseconds), None: from
        `begin` on. `keyed`: for which keys, None: for all.
        """
        outside = self.far, self.keyed
        self.far = None if further is None or self.far is None else self.far + further
        self.keyed = keyed
        try:
            return self._node(node, wanted)
        finally:
            self.far, self.keyed = outside

    def _node(self, node: plan.Node, wanted: str) -> Relation:
        match node:
            case plan.Scan():
                return self._scan(node)
            case plan.Given():
                return lower_given(self, node, wanted)
            case plan.Ref():
                return self._ref(node)
            case plan.Match():
                return self._match(node, wanted)
            case plan.Union():
                return self._union(node, wanted)
            case plan.Window():
                return window.lower_window(self, node, wanted)
            case plan.Sequence():
                return sequence.lower_sequence(self, node, wanted)
            case plan.Join():
                return join.lower_join(self, node, wanted)
            case plan.Absence():
                return absence.lower_absence(self, node, wanted)
            case plan.Recall():
                _, asked = self.definitions.find(node.profile.name, shared=self.inside_shared)
                if isinstance(asked, plan.Model):
                    return self._scored(node, asked, wanted)
                return lower_recall(self, node, wanted)
            case plan.Profile() | plan.Model():
                raise ValueError("a profile has no rows of its own")

    def add(self, wanted: str, query: exp.Query) -> str:
        return self.statement.add(wanted, query)

    def events(self, node: plan.Node) -> list[str]:
        """The event types that a node rests on."""
        return self.definitions.events(node, shared=self.inside_shared)

    def _ref(self, node: plan.Ref) -> Relation:
        shared, below = self.definitions.find(node.name, shared=self.inside_shared)
        known = (shared, node.name, self.begin if self.far is None else self.far, self.keyed)
        if known not in self.done:
            outside, self.inside_shared = self.inside_shared, shared
            self.done[known] = self.node(below, node.name, 0, self.keyed)
            self.inside_shared = outside
        return self.done[known]

    def learnt(self, profile: plan.Ref) -> Learnt:
        """The rows of a profile and what they bring to it, once for all that recall it."""
        shared, node = self.definitions.find(profile.name, shared=self.inside_shared)
        if not isinstance(node, plan.Profile):
            raise TypeError(f"`{profile.name}` is no profile")
        if self._asks_trained(node, shared=shared):
            # it learns of days whose models may no longer be there
            raise Unsupported("a profile learns from rows that asked a trained model")
        known = (shared, profile.name, self.far)
        if known not in self.profiles:
            outside = self.inside_shared, self.begin
            number, self.numbered = self.numbered, self.numbered + 1
            self.inside_shared, self.begin = shared, begin_of(number)
            owner = self.withholding if (shared, profile.name) in self.protected else ""
            self.profiles[known] = lower_learnt(
                self, node, profile.name, number, self.far, shared=shared, owner=owner
            )
            self.inside_shared, self.begin = outside
        return self.profiles[known]

    def _asks_trained(self, node: plan.Node, *, shared: bool) -> bool:
        """Whether a node rests on the scores of a trained model."""
        asked = (
            self.definitions.find(n.profile.name, shared=inside)[1]
            for inside, n in self.definitions.walked(node, shared=shared)
            if isinstance(n, plan.Recall)
        )
        return any(isinstance(a, plan.Model) and a.kind != "novelty" for a in asked)

    def _scored(self, node: plan.Recall, model: plan.Model, wanted: str) -> Relation:
        found = self.model(node.profile)
        if isinstance(found, TrainedModel):
            return lower_scored(self, model, found, node, wanted)
        return lower_novelty(self, model, found.shape, node, wanted)

    def model(self, profile: plan.Ref) -> NoveltyModel | TrainedModel:
        """A model that is recalled, once for all that recall it."""
        shared, node = self.definitions.find(profile.name, shared=self.inside_shared)
        if not isinstance(node, plan.Model):
            raise TypeError(f"`{profile.name}` is no model")
        if (shared, profile.name) not in self.models:
            made = self._model(profile.name, node, shared=shared)
            self.models[shared, profile.name] = made
        return self.models[shared, profile.name]

    def _model(self, name: str, node: plan.Model, *, shared: bool) -> NoveltyModel | TrainedModel:
        if node.kind == "novelty":
            own = Lowering(
                self.definitions,
                minus(LOW.copy(), exp.Literal.number(self.reach)),
                self.columns,
                inside_shared=shared,
                owner=self.owner,
                budget=self.budget,
                reach=self.reach,
            )
            made: NoveltyModel | TrainedModel = lower_model(own, node)
        else:
            # what is trained is kept in files, so it is of nothing but the model itself
            local = {} if shared else dict(self.definitions.local)
            back = look_back(node.source, dict(self.definitions.shared) | local)
            columns = self.definitions.columns_below(node, shared=shared)
            begin = minus(LOW.copy(), exp.Literal.number(back))
            own = Lowering(self.definitions, begin, columns, inside_shared=shared, owner=self.owner)
            made = lower_trained(own, node, node.kind, _subject(self.owner, name))
        if own.first or own.models:
            raise Unsupported("a model learns from rows that asked a profile or a model")
        return made

    def learned_from(self, profile: plan.Ref, source: plan.Node) -> Relation:
        """What a model learns from, as a part of this statement."""
        shared, _ = self.definitions.find(profile.name, shared=self.inside_shared)
        outside, self.inside_shared = self.inside_shared, shared
        found = self.node(source, profile.name)
        self.inside_shared = outside
        return found

    def _scan(self, node: plan.Scan) -> Relation:
        event = {"ts": column("ts"), "tie": column("tie"), "id": column("id")}
        low = self.begin
        if self.far is not None:
            low = minus(LOW.copy(), number(self.far)) if self.far else LOW
        wanted = conjunction(
            [
                None if low is None else binary(exp.GTE, column("ts"), low.copy()),
                binary(exp.LTE, column("ts"), HIGH.copy()),
                column("primary") if node.primary_only else None,
            ]
        )
        columns = present(node.columns, self.columns)
        query = select(
            *(column(n) for n, _ in columns if n not in CARRIED),
            column("ts"),
            column("tie"),
            named(column("ts"), "start"),
            named(record(event), LINEAGE),
            named(false(), OVERFLOW),
            source=stored(node.event),
        ).where(wanted)
        keyed = own_columns(node.columns, self.keyed)
        if keyed is not None:
            query = keyed.apply(query)
        # the same events are read once, however many matches there are
        known = [n for n, q in self.statement.parts.items() if q == query]
        name = known[0] if known else self.add(f"event.{node.event}", query)
        # or DuckDB prepares its windows for as many rows as the whole table may have: 75 ms instead
        # of 17 for a slice of 16 M rows
        self.statement.computed_first.add(name)
        return Relation(name, columns, EventLineage(node.event))

    def _match(self, node: plan.Match, wanted: str) -> Relation:
        node = peers_apart(node)
        keyed = through_match(node, self.keyed)
        source = self.node(node.source, f"{wanted}.source", 0, keyed)
        scope = Scope(domain=source.domain, computed={})
        query = select(star(), source=read(source.name))
        if node.where is not None:
            query = query.where(lower(node.where, scope))
        there = {n for n, _ in source.columns}
        for layer in _layers(node.lets):
            # a let may read one before it, so it needs that as a column of a relation below
            if any(isinstance(e, exp.Alias) for e in query.expressions):
                whole = scope.attach(query)
                scope = Scope(domain=source.domain, computed={})
                query = select(star(), source=exp.Subquery(this=whole, alias=_alias()))
            replaced = [n for n, _ in layer if n in there]
            there |= {n for n, _ in layer}
            values = [named(lower(e, scope), n) for n, e in layer]
            query = query.select(star(without=replaced), *values, append=False)
        columns = present(node.columns, there)
        return Relation(self.add(wanted, scope.attach(query)), columns, source.lineage)

    def _union(self, node: plan.Union, wanted: str) -> Relation:
        sources = [
            self.node(s, f"{wanted}.{i}", 0, own_columns(s.columns, self.keyed))
            for i, s in enumerate(node.sources)
        ]
        columns = present(node.columns, (n for s in sources for n, _ in s.columns))
        whole: exp.Query | None = None
        for position, source in enumerate(sources):
            there = {n for n, _ in source.columns}
            values = [
                column(n) if n in there else named(cast(null(), storage(kind)), n)
                for n, kind in columns
                if n not in CARRIED
            ]
            fields = {
                f"s{i}": column(LINEAGE) if i == position else cast(null(), sql_type(s.lineage))
                for i, s in enumerate(sources)
            }
            query = select(
                *values,
                *carried(without=(LINEAGE,)),
                named(record(fields), LINEAGE),
                source=read(source.name),
            )
            whole = query if whole is None else whole.union(query, distinct=False, copy=False)
        if whole is None:
            raise ValueError("a union of nothing")
        lineage = ChoiceLineage(tuple(s.lineage for s in sources))
        return Relation(self.add(wanted, whole), columns, lineage)


def _subject(owner: str, model: str) -> str:
    """What a model of an alert is called: `<rule>.<model>`, of a further alert with its number."""
    rule, _, index = owner.rpartition(" ")
    return f"{rule}.{model}" if index == "0" else f"{rule}.{model}.{int(index) + 1}"


def _layers(
    lets: tuple[tuple[str, plan.Expr], ...],
) -> list[list[tuple[str, plan.Expr]]]:
    """Computed columns in groups none of whose members reads another of its group."""
    layers: list[list[tuple[str, plan.Expr]]] = []
    for let in lets:
        names = {n for n, _ in layers[-1]} if layers else set()
        if not layers or let[0] in names or names & columns_read(let[1]):
            layers.append([])
        layers[-1].append(let)
    return layers


def _alias() -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier("r", quoted=True))
