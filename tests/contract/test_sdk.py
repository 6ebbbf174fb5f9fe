"""Twilio's own Python library as a client of the simulator: what it cannot talk to is not Twilio.

Needs Debian's python3-twilio; without it the test fails, it is not skipped.
"""

import datetime
import unittest
import warnings

import harness
from harness import ALICE, BOB, FROM, SERVICE

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


class Sdk(harness.Test):
    def setUp(self):
        warnings.simplefilter("ignore", ResourceWarning)  # the library leaves its sockets to the collector
        self.sim = self.simulator()
        self.client = self.connect(harness.ACCOUNT, harness.TOKEN)

    def connect(self, user, password, account=None):
        client = Client(user, password, account, http_client=TwilioHttpClient(pool_connections=False))
        client.api.base_url = self.sim.url
        return client

    def test_create_and_read(self):
        message = self.client.messages.create(to=ALICE, from_=FROM, body="Grüße {1}", validity_period=600,
                                              smart_encoded=False, status_callback="https://example.org/cb")
        self.assertRegex(message.sid, "^SM")
        self.assertEqual((message.status, message.num_segments, message.error_code), ("queued", "1", None))
        self.assertLess(abs(datetime.datetime.now(datetime.timezone.utc) - message.date_created).total_seconds(), 60)
        self.sim.advance(60000)
        again = self.client.messages(message.sid).fetch()
        self.assertEqual((again.status, again.body), ("delivered", "Grüße {1}"))
        self.assertEqual(self.sim.messages()[0]["validity"], 600)

    def test_https(self):
        self.sim = self.simulator(tls=True)
        http = TwilioHttpClient()
        self.addCleanup(http.session.close)
        http.session.verify = str(self.sim.ca_file)
        client = Client(harness.ACCOUNT, harness.TOKEN, http_client=http)
        client.api.base_url = self.sim.url
        message = client.messages.create(to=ALICE, from_=FROM, body="over TLS")
        self.assertEqual(client.messages(message.sid).fetch().body, "over TLS")
        self.assertEqual([m.sid for m in client.messages.list(to=ALICE)], [message.sid])

    def test_media_and_service(self):
        urls = ["https://example.org/a.png", "https://example.org/b.png"]
        message = self.client.messages.create(to=ALICE, messaging_service_sid=SERVICE, media_url=urls, body="see")
        self.assertRegex(message.sid, "^MM")
        self.assertEqual((message.status, message.from_, message.num_media), ("accepted", None, "2"))
        self.assertEqual(self.sim.messages()[0]["media"], urls)

    def test_api_key(self):
        client = self.connect(harness.KEY, harness.KEY_SECRET, harness.ACCOUNT)
        self.assertRegex(client.messages.create(to=ALICE, from_=FROM, body="x").sid, "^SM")
        self.assertEqual(self.sim.requests()[-1]["user"], harness.KEY)

    def test_errors(self):
        for fields, status, code in [({"to": "123"}, 400, 21211), ({"to": "+15005550004"}, 400, 21610),
                                     ({"from_": "+15005550008"}, 429, 21611), ({"body": "x" * 1601}, 400, 21617)]:
            with self.assertRaises(TwilioRestException) as raised:
                self.client.messages.create(**{"to": ALICE, "from_": FROM, "body": "x", **fields})
            self.assertEqual((raised.exception.status, raised.exception.code), (status, code))
        with self.assertRaises(TwilioRestException) as raised:
            self.connect(harness.ACCOUNT, "wrong").messages("SM" + "0" * 32).fetch()
        self.assertEqual((raised.exception.status, raised.exception.code), (401, 20003))

    def test_lists_and_pages(self):
        for i in range(25):
            self.client.messages.create(to=BOB if i % 5 == 0 else ALICE, from_=FROM, body=str(i))
        every = [m.body for m in self.client.messages.list(page_size=4)]
        self.assertEqual(every, [str(i) for i in reversed(range(25))])
        self.assertEqual([m.body for m in self.client.messages.list(to=BOB, page_size=2)], ["20", "15", "10", "5", "0"])
        self.assertEqual(len(self.client.messages.list(to=BOB, limit=3)), 3)
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        self.assertEqual(len(self.client.messages.list(date_sent_after=now - day)), 25)
        self.assertEqual(len(self.client.messages.list(date_sent_before=now - 2 * day)), 0)
        self.assertEqual(self.client.messages.list(from_="+15005550099"), [])

    def test_cancel_delete_balance_call(self):
        self.sim.settings(schedule={"queued": 600000})
        message = self.client.messages.create(to=ALICE, from_=FROM, body="x")
        self.assertEqual(message.update(status="canceled").status, "canceled")
        self.assertTrue(message.delete())
        with self.assertRaises(TwilioRestException) as raised:
            message.fetch()
        self.assertEqual(raised.exception.status, 404)
        self.assertEqual(self.client.balance.fetch().currency, "USD")
        self.assertRegex(self.client.calls.create(to=ALICE, from_=FROM, twiml="<Response/>").sid, "^CA")


if __name__ == "__main__":
    unittest.main()
