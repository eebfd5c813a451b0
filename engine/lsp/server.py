"""The server: which request of an editor asks what of `dsl.assist`.

Whole texts are exchanged (rules are small), diagnostics follow a change after a moment of quiet. A
request never fails because of what somebody is typing.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from dsl.assist.completion import complete
from dsl.assist.envelope import complete_around
from dsl.assist.hover import hover
from dsl.assist.layout import literal
from dsl.assist.outline import outline
from dsl.assist.rename import RefusedError, occurrence_at, occurrences_of, renamed
from dsl.format import format_file
from engine.lsp import answers
from engine.lsp.desk import Desk
from engine.lsp.facts import facts
from engine.lsp.positions import Positions

if TYPE_CHECKING:
    from dsl.assist.project import Project
    from dsl.assist.view import Occurrence

_QUIET_S: Final = 0.15
_TRIGGERS: Final = [".", "$", "@", "{", " ", "|"]


class RuleServer(LanguageServer):
    """The server with the desk it works at."""

    def __init__(self, version: str, shipped: Path) -> None:
        super().__init__("atp", version, lsp.TextDocumentSyncKind.Full)
        self.desk = Desk(shipped)
        self._waiting: dict[Path, asyncio.TimerHandle] = {}

    def take(self, uri: str) -> Path:
        """Put the editor's text of a document on the desk."""
        path = _path(uri)
        self.desk.put(path, self.workspace.get_text_document(uri).source)
        return path

    def check_later(self, path: Path) -> None:
        """Diagnostics of a file once nobody types any more."""
        waiting = self._waiting.pop(path, None)
        if waiting is not None:
            waiting.cancel()
        loop = asyncio.get_running_loop()
        self._waiting[path] = loop.call_later(_QUIET_S, self.check, path)

    def check(self, path: Path) -> None:
        """Publish the diagnostics of a file, and of all open ones that may read it."""
        self._waiting.pop(path, None)
        project = self.desk.project(path)
        shared = path in project.own and project.view(path).sort != "detection"
        for other in self.desk.open_files if shared else (path,):
            self._publish(other)

    def _publish(self, path: Path) -> None:
        text = self.desk.text(path) or ""
        positions = Positions(text)
        found = self.desk.project(path).diagnostics(path)
        uri = path.as_uri()
        version = self.workspace.get_text_document(uri).version
        shown = [answers.diagnostic(d, positions) for d in found]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, shown, version))

    def at(
        self, uri: str, position: lsp.Position
    ) -> tuple[Project, Path, Positions, int, int] | None:
        """The project, file and place of a request; None for a file that cannot be read."""
        path = _path(uri)
        project = self.desk.project(path)
        text = project.text(path)
        if text is None:
            return None
        positions = Positions(text)
        return project, path, positions, *positions.place(position)

    def found(self, uri: str, position: lsp.Position) -> tuple[Project, Path, Occurrence] | None:
        """The name at a place."""
        at = self.at(uri, position)
        if at is None:
            return None
        project, path, _, line, column = at
        occurrence = occurrence_at(project, path, line, column)
        return None if occurrence is None else (project, path, occurrence)

    @property
    def moves_files(self) -> bool:
        """Whether the editor can rename files in one go with texts."""
        workspace = self.client_capabilities.workspace
        edit = workspace.workspace_edit if workspace else None
        kinds = (edit.resource_operations if edit else None) or []
        return lsp.ResourceOperationKind.Rename in kinds

    @property
    def takes_snippets(self) -> bool:
        document = self.client_capabilities.text_document
        completion = document.completion if document else None
        item = completion.completion_item if completion else None
        return bool(item and item.snippet_support)


def make_server(version: str, shipped: Path) -> RuleServer:
    """A server with all its features; `shipped` is the folder of shipped detections."""
    server = RuleServer(version, shipped)
    logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_defect)

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        server.check_later(server.take(params.text_document.uri))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        server.check_later(server.take(params.text_document.uri))

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: lsp.DidSaveTextDocumentParams) -> None:
        server.check_later(server.take(params.text_document.uri))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        server.desk.close(_path(params.text_document.uri))
        server.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(params.text_document.uri, [])
        )

    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=_TRIGGERS)
    )
    def completion(params: lsp.CompletionParams) -> lsp.CompletionList:
        return _completion(server, params)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def on_hover(params: lsp.HoverParams) -> lsp.Hover | None:
        return _hover(server, params)

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> list[lsp.Location]:
        found = server.found(params.text_document.uri, params.position)
        if found is None:
            return []
        project, _, occurrence = found
        return _locations(project, occurrence, only_definitions=True)

    @server.feature(lsp.TEXT_DOCUMENT_REFERENCES)
    def references(params: lsp.ReferenceParams) -> list[lsp.Location]:
        found = server.found(params.text_document.uri, params.position)
        if found is None:
            return []
        project, _, occurrence = found
        return _locations(project, occurrence, definitions=params.context.include_declaration)

    @server.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        found = server.found(params.text_document.uri, params.position)
        if found is None:
            return None
        project, path, occurrence = found
        place = Positions(project.text(path) or "").range(occurrence.span)
        name = next(iter(occurrence.symbols)).name
        return lsp.PrepareRenamePlaceholder(place, name)

    @server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        return _rename(server, params)

    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def formatting(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        path = _path(params.text_document.uri)
        text = server.desk.text(path) or ""
        if path.parent.name == "lists":
            return []
        return answers.changed_lines(text, format_file(str(path), text)[0])

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def document_symbols(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        path = _path(params.text_document.uri)
        project = server.desk.project(path)
        text = project.text(path)
        return [] if text is None else answers.symbols(outline(project.view(path)), Positions(text))

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
    )
    def code_actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        path = _path(uri)
        project = server.desk.project(path)
        positions = Positions(project.text(path) or "")
        return list(answers.fixes(uri, project.diagnostics(path), params.range, positions))

    return server


def _is_defect(record: logging.LogRecord) -> bool:
    """A refusal is an answer; a log with its traceback is for defects."""
    kind = record.exc_info[0] if record.exc_info else None
    return kind is None or not issubclass(kind, JsonRpcException)


def _path(uri: str) -> Path:
    return Path(to_fs_path(uri) or uri).absolute()


def _completion(server: RuleServer, params: lsp.CompletionParams) -> lsp.CompletionList:
    at = server.at(params.text_document.uri, params.position)
    if at is None:
        return lsp.CompletionList(is_incomplete=False, items=[])
    project, path, positions, line, column = at
    view = project.view(path)
    block = literal(view.text, "detect")
    offset = block.offset(line - 1, column - 1) if block is not None else None
    if block is not None and offset is not None:
        around = view.around(project.shared.relations, project.shared.lists)
        done = complete(block.text, offset, around)
        found, begun = list(done.found), offset - done.start
    else:
        word, found = complete_around(view, positions.offset(params.position), project.shared.lists)
        begun = len(word)
    # a word is of one code unit a character
    start = lsp.Position(params.position.line, max(0, params.position.character - begun))
    place = lsp.Range(start, params.position)
    return answers.completions(found, place, snippets=server.takes_snippets)


def _hover(server: RuleServer, params: lsp.HoverParams) -> lsp.Hover | None:
    at = server.at(params.text_document.uri, params.position)
    if at is None:
        return None
    project, path, positions, line, column = at
    found = hover(project, path, line, column)
    if found is None:
        return None
    text = found.text
    if found.key == "detect":
        text = "\n\n".join(filter(None, (text, facts(project, path))))
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
    return lsp.Hover(content, positions.range(found.span)) if text else None


def _locations(
    project: Project,
    occurrence: Occurrence,
    *,
    definitions: bool = True,
    only_definitions: bool = False,
) -> list[lsp.Location]:
    found = occurrences_of(project, occurrence.symbols)
    return [
        lsp.Location(path.as_uri(), Positions(project.text(path) or "").range(one.span))
        for path, here in found.items()
        for one in here
        if (one.defines or not only_definitions) and (definitions or not one.defines)
    ]


def _rename(server: RuleServer, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    found = server.found(params.text_document.uri, params.position)
    if found is None:
        return None
    project, _, occurrence = found
    try:
        done = renamed(project, occurrence.symbols, params.new_name.lstrip("$@"))
    except RefusedError as refused:
        raise JsonRpcException(f"not renamed: {refused}", _REQUEST_FAILED) from None
    if done.moves and not server.moves_files:
        raise JsonRpcException("not renamed: this editor cannot rename files", _REQUEST_FAILED)
    positions = {path: Positions(project.text(path) or "") for path in done.edits}
    return answers.workspace_edit(done, positions, moves=server.moves_files)


_REQUEST_FAILED: Final = -32803  # LSPErrorCodes.RequestFailed
