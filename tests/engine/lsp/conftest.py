"""A language server of its own process, spoken to over its standard streams as an editor does."""

import json
import queue
import subprocess
import sys
import threading

import pytest

RULE = """\
atp: 1
id: spray
version: 1
title: Spray
severity: high
confidence: 80
kill_chain: reconnaissance
mitre: [T1110]
description: A rule of the tests.
false_positives: [none]
known_gaps: [none]
params:
  least: {type: int, default: 5, min: 2, max: 99, help: accounts that were tried}
detect: |
  bad  = match auth where outcome == wrong_password
  ok   = match kerberos_as where outcome == success
  many = window bad by source over 10m
           compute users := count_distinct(account), names := set(account)
           having users >= $least
  won  = sequence by source within 1h: many then ok as good where good.account in many.names
  alert won as (actor: good.account, source: source, tried: many.users)
    except source in @shared_sources
    dedup 24h by actor, source
explain: |
  {{ actor }} from {{ source }}: {{ tried }} tries, least {{ params.least }}.
tests:
  - name: five, then one
    lists: {shared_sources: [gw]}
    given:
      - {every: 5s, for: 5, kerberos_as: {outcome: wrong_password, account: "u{{i}}", source: ws9}}
      - {at: 1m, kerberos_as: {outcome: success, account: u3, source: ws9}}
    expect: [{actor: u3, tried: 5}]
  - name: four
    params: {least: 6}
    extends: five, then one
    expect: []
"""


class Server:
    """JSON-RPC with one server; `notes` are what it told by itself, in order."""

    def __init__(self, folder):
        program = "from engine.cli.main import main; main(['lsp'])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.folder = folder
        self.notes = queue.Queue()
        self.errors = []
        self._answers = queue.Queue()
        self._last = 0
        self._versions = {}
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._read, self._drain)]
        for thread in self._threads:
            thread.start()
        workspace = {"workspaceEdit": {"documentChanges": True, "resourceOperations": ["rename"]}}
        item = {"completionItem": {"snippetSupport": True}}
        self.capabilities = self.ask(
            "initialize",
            {
                "processId": None, "rootUri": folder.as_uri(),
                "capabilities": {"workspace": workspace, "textDocument": {"completion": item}},
            },
        )["capabilities"]  # fmt: skip
        self.tell("initialized", {})

    def _read(self):
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            if not length:
                break
            message = json.loads(stream.read(length))
            (self._answers if "id" in message else self.notes).put(message)

    def _drain(self):
        self.errors += list(self.process.stderr)

    def _send(self, **message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method, params):
        self._send(method=method, params=params)

    def ask(self, method, params=None):
        """The result of a request; an error is a failure."""
        answer = self.answer(method, params)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def answer(self, method, params=None):
        self._last += 1
        self._send(id=self._last, method=method, params=params)
        answer = self._answers.get(timeout=60)
        assert answer["id"] == self._last
        return answer

    def open(self, path, text):
        """Show a text, at first or instead of what was shown."""
        uri = path.as_uri()
        version = self._versions[uri] = self._versions.get(uri, 0) + 1
        if version == 1:
            item = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
            self.tell("textDocument/didOpen", {"textDocument": item})
        else:
            document = {"uri": uri, "version": version}
            change = {"textDocument": document, "contentChanges": [{"text": text}]}
            self.tell("textDocument/didChange", change)
        return uri

    def at(self, method, path, text, **more):
        """Ask about the place of `¦` in a text, which is shown without it."""
        before, _, after = text.partition("¦")
        uri = self.open(path, before + after)
        line = before.count("\n")
        units = len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2
        position = {"line": line, "character": units}
        return self.ask(method, {"textDocument": {"uri": uri}, "position": position, **more})

    def diagnostics(self, path, until=lambda found: True):
        """What is published about the text that a file shows now, and meets a condition."""
        uri = path.as_uri()
        while True:
            note = self.notes.get(timeout=60)
            told = note.get("params") or {}
            now = (told.get("uri"), told.get("version")) == (uri, self._versions[uri])
            if now and until(told["diagnostics"]):
                return told["diagnostics"]

    def end(self):
        """Say goodbye; the exit code."""
        self.ask("shutdown")
        self.tell("exit", None)
        with self.process as process:
            code = process.wait(timeout=20)
            for thread in self._threads:
                thread.join(timeout=20)
        return code


@pytest.fixture(scope="session")
def rule_text():
    return RULE


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A repository of rules: one detection, one list, one relation."""
    folder = tmp_path_factory.mktemp("rules")
    for name, text in {
        "credential_access/spray.yaml": RULE,
        "lists/shared_sources.yaml": "list: shared_sources\nkind: host\ndescription: Gateways.\nentries: []\n",
        "relations/tried.yaml": (
            "atp: 1\nid: tried\ntitle: Tries\ndescription: Wrong passwords.\ndetect: |\n"
            "  tried = match auth where outcome == wrong_password let who := account.name\n"
        ),
    }.items():
        path = folder / "detections" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """A running server; it must have failed at nothing."""
    server = Server(folder)
    yield server
    code = server.end()
    assert (code, server.errors) == (0, [])


@pytest.fixture(scope="module")
def spray(folder):
    """The detection's file."""
    return folder / "detections" / "credential_access" / "spray.yaml"


@pytest.fixture
def labels(server, spray, rule_text):
    """A function: what is offered where a line of the rule, replaced by another, has its `¦`."""

    def ask(old, new, path=spray, text=rule_text):
        assert old in text
        found = server.at("textDocument/completion", path, text.replace(old, new, 1))
        return [item["label"] for item in found["items"]]

    return ask
