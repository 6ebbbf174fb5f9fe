"""Our forms against those that Twilio's own libraries post for the same message, as bytes on the wire.

Python's (Debian's python3-twilio) must be ours byte for byte, order included; it is older than RiskCheck, which is our
last field. Node's has an order of its own and writes a space as %20, so there the encoded pairs are compared, sorted,
after that one difference is taken out.

Needs NT_NPM, the folder whose node_modules has twilio.
"""

import http.server
import re
import threading
import unittest
import urllib.parse
import warnings

import delivery
import harness
import test_sdk_node

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

SERVICE = [{"messaging_service_sid": harness.SERVICE, "segments_per_second": 1000}]
EVERY_BYTE = "".join(map(chr, range(0x20, 0x7f)))
PICTURES = ["https://example.org/a.png", "https://example.org/b%20c.png?x=1&y=ü#z", "https://example.org/a.png?again"]
CALLBACKS = {"twilio": {"status_callback": "https://example.org/cb?a=1&b=%2F+~", "application_sid": "AP" + "0" * 32}}
LONG = {"message": {"max_segments": 9}}

CASES = [  # config, options, output
    ({}, [], "plain"),
    (LONG, [], EVERY_BYTE),
    (LONG, [], "a&To=+15005559999&b=c;d%26%2B+ +"),
    (LONG, [], "ünïcødé €uro 😀 👩‍🚒 \u202e العربية\u00a0~*'()!-._"),
    ({}, [f"-m{url}" for url in PICTURES], "with pictures"),
    ({"twilio": {"senders": SERVICE}}, ["-m", PICTURES[1]], "by a service"),
    (CALLBACKS, [], "with callbacks"),
    ({"twilio": {"senders": [{"from": "Pager 24", "segments_per_second": 1}], **CALLBACKS["twilio"]}}, [], "by name"),
    ({"expire": {"urgent": "30h"}}, [], "valid for long"),
]


class Ear(http.server.ThreadingHTTPServer):
    """Takes every message, and keeps what was posted, as it came."""

    daemon_threads = True

    def __init__(self):
        ear = self
        self.bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                ear.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode("ascii"))
                self.answer(201, b'{"sid":"SM%032d","status":"queued"}' % len(ear.bodies))

            def do_GET(self):  # receipts are nothing to us here
                self.answer(404, b'{"code":20404,"message":"not here","status":404}')

            def answer(self, status, text):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *unused):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


def snake(name):
    """MessagingServiceSid as Python's library calls it."""
    return {"From": "from_"}.get(name) or re.sub("(?<!^)(?=[A-Z])", "_", name).lower()


def camel(name):
    """…and as Node's does."""
    return name[0].lower() + name[1:]


def arguments(body, word):
    """A body's fields as the arguments of a library."""
    found = {}
    for name, value in urllib.parse.parse_qsl(body, strict_parsing=True):
        if name == "MediaUrl":
            found.setdefault(word(name), []).append(value)
        else:
            found[word(name)] = value
    return found


class Bodies(harness.Test):
    @classmethod
    def setUpClass(cls):
        cls.ear = Ear()
        cls.addClassCleanup(cls.ear.close)

    def ours(self, config, options, output):
        """The body of a page really sent."""
        site = self.site(config=config, base_url=self.ear.url)
        before = len(self.ear.bodies)
        done = site.run("send", "-t", harness.ALICE, "--wait", "60", *options, *delivery.alert(output=output))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.ear.bodies), before + 1)
        site.close()
        return self.ear.bodies[-1]

    def python(self, fields):
        client = Client(harness.ACCOUNT, harness.TOKEN, http_client=TwilioHttpClient(pool_connections=False))
        client.api.base_url = self.ear.url
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its sockets to the collector
            client.messages.create(**fields)
        return self.ear.bodies[-1]

    def test_as_the_libraries_write_them(self):
        bodies = []
        for config, options, output in CASES:
            with self.subTest(config=config, options=options, output=output):
                body = self.ours(config, options, output)
                bodies.append(body)
                fields = arguments(body, snake)
                self.assertEqual(fields.pop("risk_check"), "disable")
                self.assertEqual(self.python(fields) + "&RiskCheck=disable", body)
        self.assertEqual(len(bodies), len(CASES))
        sent = "\n".join(bodies)
        for name in ("To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback", "ApplicationSid",
                     "ValidityPeriod", "RiskCheck"):
            self.assertIn(f"{name}=", sent)
        before = len(self.ear.bodies)
        results = test_sdk_node.node(self.ear.url, [{"create": arguments(body, camel)} for body in bodies])
        self.assertTrue(all("ok" in result for result in results), results)
        for body, theirs in zip(bodies, self.ear.bodies[before:], strict=True):
            self.assertEqual(sorted(theirs.replace("%20", "+").split("&")), sorted(body.split("&")))


if __name__ == "__main__":
    unittest.main()
