"""The simulator against raw sockets and http.client: it must be what it says before anything is judged by it."""

import base64
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

import harness
from harness import ALICE, BOB, FROM, SERVICE

MESSAGES = f"/2010-04-01/Accounts/{harness.ACCOUNT}/Messages.json"
BASIC = "Basic " + base64.b64encode(f"{harness.ACCOUNT}:{harness.TOKEN}".encode()).decode()


def form(**fields):
    pairs = []
    for key, value in fields.items():
        pairs += [(key, v) for v in (value if isinstance(value, list) else [value])]
    return urllib.parse.urlencode(pairs)


class OverTls:
    """TLS whose socket is read here: OpenSSL calls a reset and an end without a goodbye by one name, TCP does not."""

    def __init__(self, plain, context):
        self.plain, self.incoming, self.outgoing = plain, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="127.0.0.1")
        self.until_done(lambda: self.tls.do_handshake() or b"")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.plain.close()

    def settimeout(self, limit):
        self.plain.settimeout(limit)

    def until_done(self, call):
        """What call() returns, or b"" when the other side has ended."""
        while True:
            try:
                result = call()
            except ssl.SSLWantReadError:
                result = None
            if self.outgoing.pending:
                self.plain.sendall(self.outgoing.read())
            if result is not None:
                return result
            came = self.plain.recv(65536)
            if not came:
                return b""
            self.incoming.write(came)

    def sendall(self, data):
        self.until_done(lambda: self.tls.write(data))

    def recv(self, size):
        return self.until_done(lambda: self.tls.read(size))


class SimulatorTest(harness.Test):
    def setUp(self):
        self.sim = self.simulator(**getattr(self, "options", {}))

    def call(self, method, path, body=None, connection=None, authorization=BASIC, kind="application/x-www-form-urlencoded"):
        """(status, decoded answer or text, headers)"""
        own = connection or self.sim.connection()
        headers = {"Authorization": authorization} if authorization else {}
        if body is not None and kind:
            headers["Content-Type"] = kind
        try:
            own.request(method, path, body, headers)
            answer = own.getresponse()
            text = answer.read().decode()
        finally:
            if not connection:
                own.close()
        try:
            return answer.status, json.loads(text) if text else None, answer.headers
        except ValueError:
            return answer.status, text, answer.headers

    def send(self, **fields):
        fields = {"To": ALICE, "From": FROM, "Body": "hello", **fields}
        return self.call("POST", MESSAGES, form(**{k: v for k, v in fields.items() if v is not None}))

    def raw_request(self, to=ALICE, head_only=False):
        body = form(To=to, From=FROM, Body="raw").encode()
        head = (f"POST {MESSAGES} HTTP/1.1\r\nHost: x\r\nAuthorization: {BASIC}\r\n"
                f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        return head if head_only else head + body

    def connect(self):
        """A socket with a connection to the simulator."""
        return socket.create_connection(("127.0.0.1", self.sim.port), 30)

    def raw(self, data):
        """What a socket sees: (bytes, "end" | "reset" | "silence")."""
        with self.connect() as s:
            s.sendall(data)
            got = b""
            while True:
                try:
                    piece = s.recv(65536)
                except ConnectionResetError:
                    return got, "reset"
                except TimeoutError:
                    return got, "silence"
                if not piece:
                    return got, "end"
                got += piece


class Creating(SimulatorTest):
    def test_resource(self):
        status, m, headers = self.send(Body="Grüße {1}")
        self.assertEqual(status, 201)
        self.assertRegex(m["sid"], r"^SM[0-9a-f]{32}$")
        self.assertEqual((m["status"], m["from"], m["to"], m["body"]), ("queued", FROM, ALICE, "Grüße {1}"))
        self.assertEqual((m["num_segments"], m["num_media"]), ("1", "0"))
        for null in ("price", "error_code", "error_message", "date_sent", "messaging_service_sid"):
            self.assertIsNone(m[null])
        self.assertRegex(m["date_created"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$")
        self.assertEqual(m["uri"], MESSAGES.replace(".json", f"/{m['sid']}.json"))
        self.assertRegex(headers["Twilio-Request-Id"], r"^RQ[0-9a-f]{32}$")

    def test_media(self):
        _, m, _ = self.send(MediaUrl=["https://example.org/a.png", "https://example.org/b.png"], Body=None)
        self.assertEqual((m["sid"][:2], m["num_media"], m["num_segments"]), ("MM", "2", "1"))
        self.assertEqual(len(self.sim.messages()[0]["media"]), 2)

    def test_service(self):
        self.sim.settings(schedule={"accepted": 300})
        status, m, _ = self.send(From=None, MessagingServiceSid=SERVICE)
        self.assertEqual((status, m["status"], m["from"], m["num_segments"]), (201, "accepted", None, "0"))
        self.assertEqual(m["messaging_service_sid"], SERVICE)
        later = harness.wait_until(lambda: self.read(m["sid"])["from"] and self.read(m["sid"]))
        self.assertIn(later["from"], (FROM, harness.FROM_2))
        self.assertEqual(later["num_segments"], "1")

    def read(self, sid):
        return self.call("GET", MESSAGES.replace(".json", f"/{sid}.json"))[1]

    def test_statuses_move_on(self):
        self.sim.settings(schedule={"queued": 1000, "sending": 1000, "sent": 1000})
        sid = self.send()[1]["sid"]
        seen = []
        for _ in range(4):
            seen.append(self.read(sid)["status"])
            self.sim.advance(1000)
        self.assertEqual(seen, ["queued", "sending", "sent", "delivered"])
        self.assertIsNotNone(self.read(sid)["date_sent"])
        self.assertEqual(self.read(sid)["price"], "-0.00750")

    def test_speed(self):
        self.sim.settings(schedule={"queued": 20000, "sending": 20000, "sent": 20000}, speed=1000)
        sid = self.send()[1]["sid"]
        harness.wait_until(lambda: self.read(sid)["status"] == "delivered", 2)

    def test_outcomes(self):
        self.sim.settings(outcomes={ALICE: {"status": "undelivered", "error": 30003, "times": 1},
                                    BOB: {"status": "failed", "error": 30007}})
        sids = [self.send(To=to)[1]["sid"] for to in (ALICE, ALICE, BOB)]
        self.sim.advance(10000)
        found = [(self.read(s)["status"], self.read(s)["error_code"]) for s in sids]
        self.assertEqual(found, [("undelivered", 30003), ("delivered", None), ("failed", 30007)])

    def test_settle_and_plant(self):
        sid = self.send()[1]["sid"]
        self.assertEqual(self.sim.settle("undelivered", 30005, sid=sid), 1)
        self.assertEqual((self.read(sid)["status"], self.read(sid)["error_code"]), ("undelivered", 30005))
        old = self.sim.plant(to=BOB, **{"from": FROM}, body="old", age=3600000)
        self.assertEqual(self.read(old)["body"], "old")

    def test_trial_and_redaction(self):
        self.sim.settings(trial=True)
        self.assertEqual(self.send()[1]["body"], "Sent from your Twilio trial account - hello")
        self.sim.settings(redact=True)
        self.assertEqual(self.send()[1]["body"], "")
        self.assertIn("hello", self.sim.messages()[1]["body"])

    def test_cancel_redact_delete(self):
        self.sim.settings(schedule={"queued": 100000})
        sid = self.send()[1]["sid"]
        path = MESSAGES.replace(".json", f"/{sid}.json")
        self.assertEqual(self.call("DELETE", path)[0], 409)
        status, m, _ = self.call("POST", path, form(Status="canceled"))
        self.assertEqual((status, m["status"]), (200, "canceled"))
        self.assertEqual(self.call("POST", path, form(Status="canceled"))[1]["code"], 30409)
        self.assertEqual(self.call("POST", path, "Body=")[1]["body"], "")
        self.assertEqual(self.call("DELETE", path)[0], 204)
        self.assertEqual(self.call("GET", path)[0], 404)

    def test_balance_account_and_call(self):
        base = MESSAGES.rpartition("/")[0]
        self.sim.settings(balance="0.05")
        self.assertEqual(self.call("GET", f"{base}/Balance.json")[1]["balance"], "0.05")
        self.assertEqual(self.call("GET", f"{base}.json")[1]["status"], "active")
        status, c, _ = self.call("POST", f"{base}/Calls.json", form(To=ALICE, From=FROM, Twiml="<Response/>"))
        self.assertEqual((status, c["sid"][:2]), (201, "CA"))
        self.assertEqual(self.call("POST", f"{base}/Calls.json", form(To=ALICE, From=FROM))[1]["code"], 21205)


class Counting(SimulatorTest):
    def test_segments(self):
        table = [("a" * 160, "GSM-7", 1), ("a" * 161, "GSM-7", 2), ("a" * 306, "GSM-7", 2), ("a" * 307, "GSM-7", 3),
                 ("a" * 152 + "{" + "a" * 8, "GSM-7", 2), ("a" * 152 + "{" + "a" * 152, "GSM-7", 3), ("€" * 80, "GSM-7", 1),
                 ("€" * 81, "GSM-7", 2), ("é" * 160, "GSM-7", 1), ("`", "UCS-2", 1), ("ç" * 70, "UCS-2", 1),
                 ("ç" * 71, "UCS-2", 2), ("😀" * 35, "UCS-2", 1), ("😀" * 36, "UCS-2", 2), ("😀" * 66, "UCS-2", 2),
                 ("😀" * 67, "UCS-2", 3), ("a\u0301" * 35, "UCS-2", 1), ("a\u0301" * 66, "UCS-2", 2),
                 ("a\u0301" * 67, "UCS-2", 3), ("ΔΩ@£$_\n\r", "GSM-7", 1), ("∆", "UCS-2", 1), ("a\tb", "UCS-2", 1)]
        for body, encoding, segments in table:
            with self.subTest(body=body[:10], length=len(body)):
                status, m, _ = self.send(Body=body)
                self.assertEqual((status, m["num_segments"]), (201, str(segments)))
                self.assertEqual(self.sim.messages()[-1]["encoding"], encoding)


class Refusing(SimulatorTest):
    def test_authentication(self):
        def basic(user, password):
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

        for authorization, expected in [(None, 401), (basic(harness.ACCOUNT, "wrong"), 401), ("Basic !!!", 401),
                                        (basic(harness.KEY, harness.TOKEN), 401), ("Bearer x", 401),
                                        (basic(harness.KEY, harness.KEY_SECRET), 201), (BASIC, 201)]:
            status, answer, headers = self.call("POST", MESSAGES, form(To=ALICE, From=FROM, Body="x"),
                                                authorization=authorization)
            self.assertEqual(status, expected, authorization)
            if expected == 401:
                self.assertEqual(answer["code"], 20003)
                self.assertIn("Basic", headers["WWW-Authenticate"])

    def test_codes(self):
        long = "x" * 1601
        table = [(dict(To=None), 21604), (dict(From=None), 21603), (dict(Body=None), 21602), (dict(To="5551001"), 21211),
                 (dict(To="+0123456789"), 21211), (dict(To="+15005550001"), 21211), (dict(To="+15005550002"), 21612),
                 (dict(To="+15005550003"), 21408), (dict(To="+15005550004"), 21610), (dict(To="+15005550009"), 21614),
                 (dict(From="+15005550001"), 21212), (dict(From="+15005550007"), 21606), (dict(From="+4930123456"), 21606),
                 (dict(From="much too long a name"), 21212), (dict(Body=long), 21617), (dict(StatusCallback="nope"), 21609),
                 (dict(MediaUrl="ftp://x/a"), 21620), (dict(MediaUrl=["https://e.org/a"] * 11), 21623),
                 (dict(ValidityPeriod="0"), 20001), (dict(ValidityPeriod="36001"), 20001), (dict(RiskCheck="maybe"), 20001),
                 (dict(ValidityPeriod="1h"), 20001), (dict(ApplicationSid="AP1"), 20001), (dict(SendAsMms="yes"), 20001),
                 (dict(From=None, MessagingServiceSid="MG1"), 21701), (dict(ScheduleType="fixed"), 35118)]
        for fields, code in table:
            with self.subTest(fields={k: str(v)[:30] for k, v in fields.items()}):
                status, answer, _ = self.send(**fields)
                self.assertEqual((status, answer["code"], answer["status"]), (400, code, 400))
        self.assertEqual(self.send(From="+15005550008")[:1] + (self.send(From="+15005550008")[1]["code"],), (429, 21611))
        self.assertEqual(self.send(From=None, MessagingServiceSid="MG" + "0" * 32)[:1], (404,))
        self.assertEqual(self.send(Body="x" * 1600, ValidityPeriod="36000", RiskCheck="disable")[0], 201)
        self.assertEqual(len(self.sim.messages()), 1)
        self.assertEqual(len(self.sim.requests()), len(table) + 4)

    def test_violations(self):
        self.sim.violations_allowed = True
        good = form(To=ALICE, From=FROM, Body="x")
        table = [(good + "&Bdy=1", 400, "unknown parameter Bdy"), (good + "&Body=y", 201, "parameter Body more than once"),
                 (f"To={ALICE}&From=%2B15005550006&Body=x", 400, "not encoded"), (good + "&x", 400, "without '='"),
                 ("To=%zz&" + good, 400, "bad percent escape"), (good + "%ff", 201, "invalid UTF-8"),
                 (good + "&&StatusCallback=https%3A%2F%2Fe.org", 201, "an empty pair"),
                 (form(To=ALICE, From=FROM, Body="x", StatusCallback=""), 400, "parameter StatusCallback is empty")]
        for body, expected, words in table:
            with self.subTest(body=body[-40:]):
                self.sim.reset()
                self.assertEqual(self.call("POST", MESSAGES, body)[0], expected)
                self.assertTrue(any(words in v["text"] for v in self.sim.violations()), self.sim.violations())
        self.sim.reset()
        self.assertEqual(self.call("POST", MESSAGES, "{}", kind="application/json")[0], 415)
        self.assertEqual(self.call("POST", MESSAGES + "?To=1", good)[0], 201)
        self.assertEqual(self.call("GET", "/2010-04-01/Nothing.json")[0], 404)
        self.assertEqual(self.call("GET", MESSAGES + "?Foo=1")[0], 400)
        self.assertEqual(self.call("GET", MESSAGES + "?To=" + harness.TOKEN)[0], 200)
        self.assertEqual(len(self.sim.violations()), 5)

    def test_lenient(self):
        self.sim.violations_allowed = True
        self.sim.settings(lenient=True)
        self.assertEqual(self.send(Unknown="1")[0], 201)
        self.assertEqual(len(self.sim.violations()), 1)

    def test_alphanumeric_and_no_media(self):
        sim = self.simulator(senders=["NAGIOS", "12345", FROM + ":sms"])
        self.sim = sim
        self.assertEqual(self.send(From="NAGIOS", To="+4915112345678")[0], 201)
        self.assertEqual(self.send(From="NAGIOS", To=ALICE)[1]["code"], 21612)
        self.assertEqual(self.send(From="12345")[0], 201)
        self.assertEqual(self.send(MediaUrl="https://e.org/a.png")[1]["code"], 21621)

    def test_too_many_at_once(self):
        self.sim.settings(max_concurrent=2, latency=300)
        found = []
        threads = [threading.Thread(target=lambda: found.append(self.send()[0])) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(found), [201, 201, 429, 429])


class Listing(SimulatorTest):
    def list(self, query=""):
        return self.call("GET", MESSAGES + query)

    def test_filters_and_order(self):
        for i in range(3):
            self.send(To=ALICE, Body=f"a{i}")
            self.send(To=BOB, Body=f"b{i}", From=harness.FROM_2)
        bodies = lambda query: [m["body"] for m in self.list(query)[1]["messages"]]
        self.assertEqual(bodies(""), ["b2", "a2", "b1", "a1", "b0", "a0"])
        self.assertEqual(bodies("?To=%2B15005551001"), ["a2", "a1", "a0"])
        self.assertEqual(bodies("?From=%2B15005550010"), ["b2", "b1", "b0"])
        self.assertEqual(bodies("?To=%2B15005551001&From=%2B15005550010"), [])
        self.assertEqual(bodies("?To=%2B15005559999"), [])

    def test_dates(self):
        day = 86400000
        for age in (0, 2 * day, 4 * day):
            self.sim.plant(to=ALICE, **{"from": FROM}, body=f"{age // day} days", age=age)
        date = lambda days: time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86400))
        bodies = lambda query: [m["body"][0] for m in self.list(query)[1]["messages"]]
        self.assertEqual(bodies(f"?DateSent={date(2)}"), ["2"])
        self.assertEqual(bodies(f"?DateSent%3E={date(2)}"), ["0", "2"])
        self.assertEqual(bodies(f"?DateSent%3E%3D{date(2)}="), ["0", "2"])
        self.assertEqual(bodies(f"?DateSent%3C={date(2)}"), ["2", "4"])
        self.assertEqual(bodies(f"?DateSent%3E={date(3)}&DateSent%3C={date(1)}"), ["2"])
        self.assertEqual(bodies(f"?DateSent%3E={date(3)}T00%3A00%3A00Z"), ["0", "2"])
        self.assertEqual(self.list("?DateSent=yesterday")[0], 400)

    def test_paging(self):
        for i in range(7):
            self.send(Body=str(i))
        query, seen, pages = "?To=%2B15005551001&PageSize=3", [], 0
        while query:
            page = self.list(query)[1]
            seen += [m["body"] for m in page["messages"]]
            pages += 1
            if pages == 1:
                self.send(Body="new")  # a new message does not shift the pages
            query = page["next_page_uri"] and page["next_page_uri"][len(MESSAGES):]
            self.assertTrue(not page["next_page_uri"] or page["next_page_uri"].startswith(MESSAGES))
        self.assertEqual((seen, pages), (list("6543210"), 3))
        self.assertEqual([m["body"] for m in self.list("?PageSize=3&Page=1")[1]["messages"]], ["4", "3", "2"])
        self.assertEqual(self.list("?PageSize=0")[0], 400)
        self.assertEqual(self.list("?PageSize=5000")[1]["page_size"], 1000)

    def test_delay(self):
        self.sim.settings(list_delay=400)
        sid = self.send()[1]["sid"]
        self.assertEqual(self.list()[1]["messages"], [])
        self.assertEqual(self.call("GET", MESSAGES.replace(".json", f"/{sid}.json"))[0], 200)
        harness.wait_until(lambda: self.list()[1]["messages"])


class Failing(SimulatorTest):
    def strike(self, **rule):
        self.sim.reset()
        self.sim.faults([rule])

    def test_status(self):
        self.strike(do="status", status=429, code=20429, retry_after=7, times=1)
        status, answer, headers = self.send()
        self.assertEqual((status, answer["code"], headers["Retry-After"]), (429, 20429, "7"))
        self.assertEqual(self.sim.messages(), [])
        self.assertEqual(self.send()[0], 201)
        self.assertEqual([r["fault"] for r in self.sim.requests()], ["status", None])

    def test_server_error_before_and_after(self):
        for when, messages in (("before", 0), ("after", 1)):
            self.strike(do="status", status=503, code=20503, when=when)
            self.assertEqual(self.send()[0], 503)
            self.assertEqual(len(self.sim.messages()), messages, when)

    def test_resets(self):
        for when, messages in (("headers", 0), ("before", 0), ("after", 1)):
            self.strike(do="reset", when=when)
            with self.subTest(when=when):
                self.assertEqual(self.raw(self.raw_request(head_only=when == "headers")), (b"", "reset"))
                self.assertEqual(len(self.sim.messages()), messages)
                self.assertEqual(self.sim.requests()[-1]["status"], 0)

    def test_closes(self):
        for when, messages in (("before", 0), ("after", 1)):
            self.strike(do="close", when=when)
            with self.subTest(when=when):
                self.assertEqual(self.raw(self.raw_request()), (b"", "end"))
                self.assertEqual(len(self.sim.messages()), messages)

    def test_close_only_reused(self):
        self.strike(do="close", reused=True, when="after")
        self.assertEqual(self.send()[0], 201)
        with socket.create_connection(("127.0.0.1", self.sim.port)) as s:
            s.settimeout(30)
            s.sendall(self.raw_request())
            first = b""
            while b"subresource_uris" not in first:
                first += s.recv(65536)
            s.sendall(self.raw_request())
            self.assertEqual(s.recv(65536), b"")
        self.assertEqual(len(self.sim.messages()), 3)

    def struck(self):
        """The request is in the simulator's hands, and the rule has taken hold of it."""
        harness.wait_until(lambda: self.sim.faults()[-1]["applied"], 30, "the rule strikes")

    def test_hang(self):
        for when, messages in (("before", 0), ("after", 1)):
            self.strike(do="hang", when=when)
            with self.subTest(when=when):
                with self.connect() as s:
                    s.sendall(self.raw_request())
                    self.struck()
                    s.settimeout(0.3)
                    with self.assertRaises(TimeoutError):
                        s.recv(1)
                    self.assertEqual(len(self.sim.messages()), messages)
                harness.wait_until(lambda: self.sim.stats()["connections_open"] == 0, 30, "the connection is given up")

    def test_slow(self):
        self.strike(do="slow", delay=1500, when="after")
        begin = time.monotonic()
        with self.connect() as s:
            s.sendall(self.raw_request())
            self.struck()
            harness.wait_until(self.sim.messages, 30, "taken")
            s.recv(100)
        self.assertGreaterEqual(time.monotonic() - begin, 1.5)

    def test_slow_to_take(self):
        self.strike(do="slow", delay=1500, when="before")
        begin = time.monotonic()
        with self.connect() as s:
            s.sendall(self.raw_request())
            self.struck()  # and the client leaves before the message is taken
        harness.wait_until(self.sim.messages, 30, "taken late")
        self.assertGreaterEqual(time.monotonic() - begin, 1.5)

    def test_garbage(self):
        for when, status, messages in (("before", 200, 0), ("after", 201, 1), ("after", 502, 1)):
            self.strike(do="garbage", status=status, when=when)
            found, text, headers = self.send()
            self.assertEqual((found, headers["Content-Type"], len(self.sim.messages())), (status, "text/html", messages))
            self.assertIn("<html>", text)

    def test_truncated_json(self):
        self.strike(do="truncate")
        status, text, _ = self.send()
        self.assertEqual((status, text[:1]), (201, "{"))
        with self.assertRaises(ValueError):
            json.loads(text)
        self.assertEqual(len(self.sim.messages()), 1)

    def test_short_body(self):
        self.strike(do="short")
        with self.assertRaises(http.client.IncompleteRead):
            self.send()
        got, how = self.raw(self.raw_request())
        self.assertTrue(got.startswith(b"HTTP/1.1 201"))
        self.assertEqual(how, "end")

    def test_without_sid(self):
        self.strike(do="no_sid")
        status, answer, _ = self.send()
        self.assertEqual((status, answer["to"]), (201, ALICE))
        self.assertNotIn("sid", answer)
        self.assertEqual(len(self.sim.messages()), 1)

    def test_own_body_and_header(self):
        self.strike(do="status", status=201, body='{"sid":7}', header="X-Odd: yes", when="after")
        status, answer, headers = self.send()
        self.assertEqual((status, answer, headers["X-Odd"]), (201, {"sid": 7}, "yes"))

    def test_selection(self):
        self.sim.faults([{"do": "status", "status": 500, "to": BOB},
                         {"do": "status", "status": 501, "method": "GET"},
                         {"do": "status", "status": 502, "contains": "magic"},
                         {"do": "status", "status": 503, "after": 1, "times": 2, "from": FROM}])
        self.assertEqual(self.send(To=BOB)[0], 500)
        self.assertEqual(self.call("GET", MESSAGES)[0], 501)
        self.assertEqual(self.send(Body="some magic")[0], 502)
        self.assertEqual([self.send()[0] for _ in range(4)], [201, 503, 503, 201])
        self.assertEqual([r["applied"] for r in self.sim.faults()], [1, 1, 1, 2])
        self.sim.faults([{"do": "status", "status": 504}], append=True)
        self.assertEqual(self.send()[0], 504)

    def test_seeded_dice(self):
        runs = []
        for _ in range(2):
            self.sim.faults([{"do": "status", "status": 500, "probability": 0.5}], seed=42)
            runs.append([self.send()[0] for _ in range(20)])
        self.assertEqual(runs[0], runs[1])
        self.assertEqual(set(runs[0]), {201, 500})

    def test_bad_rules(self):
        self.sim.faults([{"do": "reset", "to": BOB}])
        for rule in ({"do": "explode"}, {"to": ALICE}, {"do": "status"}, {"do": "reset", "too": "x"}, "reset",
                     {"do": "reset", "when": "headers", "to": ALICE}, {"do": "reset", "times": "1"}):
            with self.assertRaises(ValueError):
                self.sim.faults([rule])
        self.assertEqual(len(self.sim.faults()), 1)


class FailingOverTls(Failing):
    options = {"tls": True}

    def connect(self):
        return OverTls(super().connect(), ssl.create_default_context(cafile=self.sim.ca_file))

    # This one talks to the plain socket.
    test_close_only_reused = None


class Measuring(SimulatorTest):
    def test_latency_does_not_block(self):
        self.sim.settings(latency=150)
        n, rounds = 50, 4
        took = []

        def client():
            connection = self.sim.connection()
            for _ in range(rounds):
                begin = time.monotonic()
                self.call("POST", MESSAGES, form(To=ALICE, From=FROM, Body="x"), connection)
                took.append(time.monotonic() - begin)
            connection.close()

        begin = time.monotonic()
        threads = [threading.Thread(target=client) for _ in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        total = time.monotonic() - begin
        self.assertGreaterEqual(min(took), 0.149)
        self.assertLess(total, n * rounds * 0.15 / 2)  # one after the other it would be twice that, and is 0.6 s at best
        stats = self.sim.stats()
        self.assertEqual((stats["all"]["peak"], stats["connections"], stats["connections_peak"]), (n, n, n))
        self.assertEqual(stats["senders"][FROM]["peak"], n)
        self.assertEqual((stats["all"]["in_flight"], stats["all"]["accepted"]), (0, n * rounds))

    def test_record(self):
        path = pathlib.Path(self.sim.folder, "record")
        sim = self.sim = self.simulator(record=path)
        self.send(Body="a&b=c")
        self.send(Body="second")
        text = path.read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual(lines[0]["form"], [["To", ALICE], ["From", FROM], ["Body", "a&b=c"]])
        self.assertEqual(lines[0]["user"], harness.ACCOUNT)
        self.assertNotIn(harness.TOKEN, text)
        self.assertEqual([r["n"] for r in sim.requests(since=2)], [2])
        self.assertEqual(sim.requests(path="/Balance"), [])

    def test_reset_forgets(self):
        self.send()
        self.sim.reset()
        self.assertEqual((self.sim.requests(), self.sim.messages(), self.sim.stats()["requests"]), ([], [], 0))
        self.assertEqual(self.send()[0], 201)

    def test_control_mistakes(self):
        for what, body in (("settings", {"latancy": 1}), ("settings", {"outcomes": {ALICE: {"status": "lost"}}}),
                           ("settle", {}), ("plant", {}), ("nothing", {}), ("nothing", None)):
            with self.assertRaises(ValueError):
                self.sim.control(what, body)

    def test_memory_is_bounded(self):
        self.sim = self.simulator("--keep", "3")
        for i in range(5):
            self.send(Body=str(i))
        self.assertEqual([r["fields"]["Body"] for r in self.sim.requests()], ["2", "3", "4"])


class Starting(unittest.TestCase):
    def test_bad_options(self):
        binary = harness.program("NT_SIM", "twilio_simulator")
        for options in (["--port", "x"], ["--account", "AC1"], ["--from", "+1:mms"], ["--service", "MG1"], ["--key", "SK"],
                        ["--nonsense"], ["stray"]):
            done = subprocess.run([binary, *options], capture_output=True, timeout=20)
            self.assertEqual(done.returncode, 64, options)
        for options in (["--faults", "/nonexistent"], ["--settings", "/dev/null"], ["--record", "/nonexistent/x"],
                        ["--tls-cert", "/dev/null"]):
            done = subprocess.run([binary, *options], capture_output=True, timeout=20)
            self.assertEqual(done.returncode, 69, options)


if __name__ == "__main__":
    unittest.main()
