"""Alerts by e-mail: text and HTML, over SMTP with STARTTLS (RFC 3207) or TLS from the begin (RFC 8314).

A name in an alert can neither begin a header nor an element: headers are one line each, and the template
escapes. No password goes over a connection without TLS.
"""

from __future__ import annotations

import base64
import smtplib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from functools import cache
from typing import TYPE_CHECKING, Final

import jinja2

from engine.daemon.outputs import Message, RefusedError, UnreachableError
from engine.daemon.outputs.secured import TIMEOUT_S, context, secret
from engine.exports.cells import cell, columns, evidence
from engine.printable import printable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from dsl.record import Record

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_EVENTS: Final = 20
_SUBJECT: Final = 180
_MINUTE: Final = len("2026-01-31T12:00")
_LARGEST: Final = 15 << 20
"""Bytes of an attachment; many servers refuse letters of more than 25 MB, and base64 adds a third."""
_LONGEST_PAGE: Final = 1 << 20
_TYPES: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json", "html": "application/octet-stream",
}  # fmt: skip
_PAGE: Final = """<!doctype html>
<html><body style="font-family: sans-serif">
<h2>{{ head }}</h2>
<p>{{ explanation }}</p>
<table cellpadding="4">
{% for name, value in facts %}<tr><th align="left">{{ name }}</th><td>{{ value }}</td></tr>
{% endfor %}</table>
{% if rows %}<h3>Evidence</h3>
<table border="1" cellpadding="3" style="border-collapse: collapse">
<tr>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in rows %}<tr>{% for name in names %}<td>{{ row.get(name, "") }}</td>{% endfor %}</tr>
{% endfor %}</table>
{% endif %}{% if more %}<p>… {{ more }} more events</p>{% endif %}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class _Settings:
    host: str
    port: int
    security: str
    sender: str
    receivers: tuple[str, ...]
    user: str | None
    password: str | None
    tls: ssl.SSLContext


def read(record: Record) -> Callable[[], Email] | None:
    """`to`, `from`, `server`, `security: starttls|tls|none`, `user`, `password_file`, `ca`."""
    receivers = record.texts("to", required=True)
    sender = record.text("from", required=True)
    server = record.text("server", required=True)
    security = record.word("security", tuple(_PORTS)) or "starttls"
    user, password = record.text("user"), secret(record, "password_file")
    made = context(record)
    for key, address in (*(("to", r) for r in receivers), ("from", sender)):
        if address is not None and not _is_address(address):
            record.add(
                "D0607", f"`{address}` is no e-mail address", key, hint="as in `soc@corp.test`"
            )
            return None
    if user is not None and security == "none":
        record.add("D0607", "no password goes over a connection without TLS", "security",
                   hint="write `starttls` or `tls`, or leave `user` out")  # fmt: skip
        return None
    if (user is None) != ("password_file" not in record):
        record.add("D0605", "`user` and `password_file` belong together", hint="add the other one")
        return None
    if not receivers or sender is None or server is None or made is None:
        return None
    host, _, port = server.partition(":")
    if not host or (port and not port.isdecimal()):
        record.add(
            "D0607", f"`{server}` is no mail server", "server", hint="as in `mail.corp.test:587`"
        )
        return None
    settings = _Settings(
        host,
        int(port) if port else _PORTS[security],
        security,
        sender,
        receivers,
        user,
        password,
        made,
    )
    return lambda: Email(settings)


class Email:
    """A mail server; a connection for each message."""

    def __init__(self, settings: _Settings) -> None:
        self._settings = settings

    def send(self, message: Message) -> None:
        """Delivered when the server took it for at least one receiver."""
        mail = letter(message, self._settings.sender, self._settings.receivers)
        s = self._settings
        try:
            with self._connected() as server:
                if s.security == "starttls":
                    server.starttls(context=s.tls)
                if s.user is not None:
                    server.login(s.user, s.password or "")
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            kind = RefusedError if all(500 <= code < 600 for code in codes) else UnreachableError
            raise kind(f"the server refused all receivers ({codes[0]})") from None
        except smtplib.SMTPDataError as error:
            kind = RefusedError if 500 <= error.smtp_code < 600 else UnreachableError
            raise kind(f"the server refused the message ({error.smtp_code})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise UnreachableError(printable(str(error)) or type(error).__name__) from None

    def close(self) -> None:
        """Nothing is held open."""

    def _connected(self) -> smtplib.SMTP:
        s = self._settings
        if s.security == "tls":
            return smtplib.SMTP_SSL(s.host, s.port, timeout=TIMEOUT_S, context=s.tls)
        return smtplib.SMTP(s.host, s.port, timeout=TIMEOUT_S)


def letter(message: Message, sender: str, receivers: tuple[str, ...]) -> EmailMessage:
    """The message as text and HTML. The same message has the same Message-ID whenever it is sent."""
    if message.change == "report":
        return report_letter(message, sender, receivers)
    alert = message.alert
    again = "" if message.change == "opened" else f" ({message.change})"
    head = printable(f"{str(alert['severity']).capitalize()}: {alert['title']}{again}")
    mail = _envelope(message, head, sender, receivers)
    facts = _facts(alert)
    explanation = printable(str(alert["explanation"]))
    lines = [head, "", explanation, "", *(f"{name}: {value}" for name, value in facts)]
    mail.set_content("\n".join(lines) + "\n")
    events = evidence(alert)
    rows = [{k: v for k, v in e.items() if v is not None} for e in events[:_EVENTS]]
    html = _template().render(
        head=head, explanation=explanation, facts=facts, rows=rows, names=columns(rows),
        more=int(str(alert["evidence_count"])) - len(rows),
    )  # fmt: skip
    mail.add_alternative(html, subtype="html")
    return mail


def report_letter(message: Message, sender: str, receivers: tuple[str, ...]) -> EmailMessage:
    """A report (`daemon.reporting`): its page as the body, unless that is long, and its file."""
    told = {name: str(value) for name, value in message.alert.items()}
    begin, end = (told[key][:_MINUTE].replace("T", " ") for key in ("from", "to"))
    head = printable(f"{told['title']}, {begin} to {end}")
    mail = _envelope(message, head, sender, receivers)
    data = base64.b64decode(told["data"])
    small = len(data) <= _LARGEST
    more = "The report is attached." if small else "The report is too large for a letter."
    mail.set_content(f"{head} (UTC)\n\n{more}\n")
    if len(told["page"]) <= _LONGEST_PAGE:
        mail.add_alternative(told["page"], subtype="html")
    if small:
        kind, _, sub = _TYPES[told["form"]].partition("/")
        mail.add_attachment(data, maintype=kind, subtype=sub, filename=told["file"])
    return mail


def _envelope(message: Message, head: str, sender: str, receivers: tuple[str, ...]) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = f"[ATP] {head}"[:_SUBJECT]
    mail["From"], mail["To"] = sender, ", ".join(receivers)
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.ts / 1_000_000, UTC))
    domain = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2]).rpartition("@")[2]
    mail["Message-ID"] = f"<{message.id}@{domain}"
    mail["Auto-Submitted"] = "auto-generated"
    return mail


def _facts(alert: Mapping[str, object]) -> list[tuple[str, object]]:
    names = ("number", "status", "confidence", "first_seen", "last_seen", "actor", "source", "target",
             "detection", "mitre", "evidence_count")  # fmt: skip
    return [
        (name.replace("_", " "), cell(alert[name])) for name in names if alert[name] is not None
    ]


def _is_address(text: str) -> bool:
    address = parseaddr(text)[1]
    return text.isprintable() and address.count("@") == 1 and not set(address) & set(" ,;<>")


@cache
def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(_PAGE)
