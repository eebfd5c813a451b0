"""E-mail: what a real mail server takes, in text and HTML, with STARTTLS and a password."""

import email
import email.policy
import socket
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from engine.daemon.outputs import RefusedError, UnreachableError
from engine.daemon.outputs.email import letter


class Keeper:
    """Keeps letters; `refuse`: the answer to a receiver's name or to the letter."""

    def __init__(self):
        self.got = []
        self.rcpt, self.data = "250 OK", "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's
        self.got.append((envelope.rcpt_tos, envelope.content, session.ssl is not None))
        return self.data


@pytest.fixture
def server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    keeper = Keeper()

    def check(server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (b"atp", b"correct horse battery staple")
        return AuthResult(success=good, handled=False)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        keeper.port = taken.getsockname()[1]
    controller = Controller(
        keeper, hostname="127.0.0.1", port=keeper.port, tls_context=context, require_starttls=True,
        authenticator=check, auth_required=True,
    )  # fmt: skip
    controller.start()
    yield keeper
    controller.stop()


@pytest.fixture
def mail(sender, server, certificate, secret):
    def one(**changed):
        settings = {
            "to": "soc@corp.test", "from_": "atp@corp.test", "server": f"localhost:{server.port}",
            "user": "atp", "password_file": secret, "ca": certificate[0],
        } | changed  # fmt: skip
        return sender("email", **settings)

    return one


def test_delivered(mail, server, message):
    mail().send(message())
    ((receivers, content, secured),) = server.got
    assert (receivers, secured) == (["soc@corp.test"], True)
    got = email.message_from_bytes(content, policy=email.policy.default)
    assert got["Bcc"] is None
    assert got["Subject"].startswith("[ATP] High: x\\r\\nBcc: evil@evil.test")
    assert got["Message-ID"] == "<d.1@corp.test>"
    text, html = (got.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert "evidence count: 3" in text
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "… 2 more events" in html


def test_a_wrong_password_may_be_mended(mail, server, message, secret):
    secret.write_text("another one\n")
    with pytest.raises(UnreachableError, match="535"):
        mail().send(message())
    assert server.got == []


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"rcpt": "550 no such user"}, RefusedError),
        ({"rcpt": "450 later"}, UnreachableError),
        ({"data": "554 spam"}, RefusedError),
        ({"data": "451 later"}, UnreachableError),
    ],
)
def test_answers(mail, server, message, answers, error):
    vars(server).update(answers)
    with pytest.raises(error):
        mail().send(message())


def test_tls_is_verified(mail, server, message, sender, secret):
    with pytest.raises(UnreachableError, match="certificate verify failed"):
        sender(
            "email", to="soc@corp.test", from_="atp@corp.test", server=f"localhost:{server.port}",
            user="atp", password_file=secret,
        ).send(message())  # fmt: skip
    assert server.got == []


def test_the_same_message_has_the_same_id(message):
    one, two = (letter(message(), "a@corp.test", ("b@corp.test",)) for _ in range(2))
    assert one["Message-ID"] == two["Message-ID"]
