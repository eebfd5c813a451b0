"""What `dsl.assist` finds, as the protocol says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types as lsp

from dsl.faults import replacement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dsl.assist.candidates import Candidate
    from dsl.assist.outline import Part
    from dsl.assist.rename import Edit, Rename
    from dsl.diagnostics import Diagnostic
    from engine.lsp.positions import Positions

_KINDS: Final = {
    "word": lsp.CompletionItemKind.EnumMember,
    "column": lsp.CompletionItemKind.Field,
    "attribute": lsp.CompletionItemKind.Property,
    "side": lsp.CompletionItemKind.Variable,
    "relation": lsp.CompletionItemKind.Class,
    "event": lsp.CompletionItemKind.Struct,
    "function": lsp.CompletionItemKind.Function,
    "aggregate": lsp.CompletionItemKind.Function,
    "param": lsp.CompletionItemKind.Constant,
    "list": lsp.CompletionItemKind.Reference,
    "key": lsp.CompletionItemKind.Property,
    "role": lsp.CompletionItemKind.Property,
    "keyword": lsp.CompletionItemKind.Keyword,
    "value": lsp.CompletionItemKind.Value,
    "filter": lsp.CompletionItemKind.Function,
}
_PARTS: Final = {
    "relation": lsp.SymbolKind.Class,
    "alert": lsp.SymbolKind.Event,
    "param": lsp.SymbolKind.Constant,
    "test": lsp.SymbolKind.Method,
}


def diagnostic(found: Diagnostic, positions: Positions) -> lsp.Diagnostic:
    """A diagnostic with its label, hint and notes in the message, as terminals show them."""
    lines = [found.message]
    lines += [found.label] if found.label else []
    lines += [f"hint: {found.hint}"] if found.hint else []
    lines += [f"note: {note}" for note in found.notes]
    severity = lsp.DiagnosticSeverity
    return lsp.Diagnostic(
        range=positions.range(found.span),
        message="\n".join(lines),
        severity=severity.Error if found.severity == "error" else severity.Warning,
        code=found.code,
        source="atp",
        tags=[lsp.DiagnosticTag.Unnecessary] if found.label == "never read" else None,
    )


def fixes(
    uri: str, diagnostics: Iterable[Diagnostic], at: lsp.Range, positions: Positions
) -> Iterator[lsp.CodeAction]:
    """The replacements that hints name, of the diagnostics that touch a range."""
    for found in diagnostics:
        new = replacement(found.hint)
        place = positions.range(found.span)
        if new is None or found.span is None or place.end < at.start or at.end < place.start:
            continue
        yield lsp.CodeAction(
            title=f"Write `{new}`",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(found, positions)],
            is_preferred=True,
            edit=lsp.WorkspaceEdit(changes={uri: [lsp.TextEdit(place, new)]}),
        )


def completions(found: Sequence[Candidate], at: lsp.Range, *, snippets: bool) -> lsp.CompletionList:
    """Candidates for a range, in their order."""
    return lsp.CompletionList(
        is_incomplete=False, items=[_item(c, i, at, snippets=snippets) for i, c in enumerate(found)]
    )


def _item(one: Candidate, order: int, at: lsp.Range, *, snippets: bool) -> lsp.CompletionItem:
    called = one.sort in ("function", "aggregate") and snippets
    return lsp.CompletionItem(
        label=one.text,
        kind=_KINDS[one.sort],
        detail=one.detail or None,
        documentation=one.meaning or None,
        sort_text=f"{order:04}",
        filter_text=one.text,
        text_edit=lsp.TextEdit(at, f"{one.text}($0)" if called else one.text),
        insert_text_format=lsp.InsertTextFormat.Snippet if called else None,
    )


def symbols(parts: Iterable[Part], positions: Positions) -> list[lsp.DocumentSymbol]:
    """Parts of a file for the outline."""
    return [
        lsp.DocumentSymbol(
            name=part.name,
            kind=_PARTS[part.sort],
            detail=part.detail,
            range=positions.lines(part.span.line, max(part.span.line, part.last)),
            selection_range=positions.range(part.span),
        )
        for part in parts
    ]


def workspace_edit(
    rename: Rename, positions: Mapping[Path, Positions], *, moves: bool
) -> lsp.WorkspaceEdit:
    """A rename; files are moved after they are edited, where the editor can do that (`moves`)."""
    changes = {p.as_uri(): _edits(e, positions[p]) for p, e in rename.edits.items()}
    if not moves:
        return lsp.WorkspaceEdit(changes=changes)
    document = lsp.OptionalVersionedTextDocumentIdentifier
    edited = [lsp.TextDocumentEdit(document(uri), edits) for uri, edits in changes.items()]
    moved = [lsp.RenameFile(old.as_uri(), new.as_uri()) for old, new in rename.moves]
    return lsp.WorkspaceEdit(document_changes=[*edited, *moved])


def _edits(edits: Iterable[Edit], positions: Positions) -> list[lsp.TextEdit]:
    return [lsp.TextEdit(positions.range(edit.span), edit.text) for edit in edits]


def changed_lines(old: str, new: str) -> list[lsp.TextEdit]:
    """One edit of the lines that differ; none where nothing does."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if before == after:
        return []
    first = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    rest = min(len(before), len(after)) - first
    same = next((i for i in range(rest) if before[-1 - i] != after[-1 - i]), rest)
    span = lsp.Range(lsp.Position(first, 0), lsp.Position(len(before) - same, 0))
    return [lsp.TextEdit(span, "".join(after[first : len(after) - same]))]
