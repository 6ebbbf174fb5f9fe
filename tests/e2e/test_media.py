"""Pictures with pages: where they come from, that they never cost the text, and that the page's history says why one did
not come. The servers, commands and files here are as bad as they get; each ends in a text on time.
"""

import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import threading
import time
import unittest
import urllib.parse
import urllib.request
import zlib

import harness

DEADLINE = 5.0  # s from acceptance: the promise
ON_TIME = 20.0  # what a loaded machine may take over it; far from the 30 s for which a hung server hangs


def png(size=1, noise=0):
    """A picture of size × size points, larger by `noise` bytes that do not compress."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * size) * size)
    extra = chunk(b"prVt", random.Random(7).randbytes(noise)) if noise else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Pictures(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Answers each path in its own way; notes what it was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PicturesHandler)
        self.asked = []
        self.open = threading.Event()  # set at the end: what hangs goes home
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self):
        self.open.set()
        self.shutdown()
        self.server_close()
        self.thread.join()

    def handle_error(self, request, client_address):
        pass  # clients that go away are what this is about

    def paths(self):
        return [path for _, path, _ in self.asked]


class PicturesHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", kind="image/png", length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        what = self.path.split("/")[1].partition("?")[0]
        if what in ("good", "redirected"):
            self.answer(200, png())
        elif what == "jump":
            self.answer(302, Location="/redirected/")
        elif what == "loop":
            self.answer(302, Location=f"/loop/{len(self.server.asked)}")
        elif what == "missing":
            self.answer(404, b"<html>no</html>" * 100, "text/html")
        elif what == "html":
            self.answer(200, b"<!DOCTYPE html><title>Log in</title>" * 1000, "image/png")
        elif what == "empty":
            self.answer(200)
        elif what == "half":
            whole = png(noise=5000)
            self.answer(200, whole[:3000], length=len(whole))
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif what == "half-unsaid":  # nothing tells that there should be more
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(png(noise=5000)[:3000])
            self.close_connection = True
        elif what == "huge":
            self.answer(200, length=20 << 20)
            piece = png(noise=1 << 20)
            for _ in range(20):
                self.wfile.write(piece)
        elif what == "nothing":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif what == "hang":
            self.server.open.wait(120)
        elif what == "drip":
            self.answer(200, png()[:20], length=100000)
            while not self.server.open.wait(0.2):
                self.wfile.write(b"x")
        else:
            self.answer(500)

    do_HEAD = do_GET


class MediaTest(harness.Test):
    def setUp(self):
        self.sim = self.simulator()
        self.sends = 0

    def pictures(self):
        server = Pictures()
        self.addCleanup(server.stop)
        return server

    def media_site(self, graphs, config=None, publish=True):
        """A site with these graphs, publishing into a folder that a server of ours serves as public."""
        many = [{"pages": 1000, "per": "1m"}]
        site = self.site(self.sim, {"media_prefixes": ["+1500"], "graphs": graphs,
                                    "throttle": {"urgent": many, "routine": many}})
        site.public = site.folder / "public"
        site.public.mkdir()
        os.chmod(site.folder, 0o755)
        if publish:
            handler = lambda *a: QuietFiles(*a, directory=str(site.public))
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            self.addCleanup(thread.join)
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            site.link = f"http://127.0.0.1:{server.server_address[1]}/"
            site.configure({"publish": [{"directory": str(site.public), "public_url": site.link}]})
        site.configure(config or {})
        return site

    def send(self, site, *args, to="alice", service="HTTP", state="CRITICAL", **kwargs):
        """Sends, waits until it is sent, and returns the one page as JSON."""
        self.sends += 1
        done = site.run("send", "-t", to, "--json", "--wait", "60", *args, "host=web01", f"service={service}",
                        f"state={state}", f"output=no answer {'x' * self.sends}", **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.settled(site, json.loads(done.stdout.splitlines()[0])["id"])

    def pictured(self, site, *args, **kwargs):
        """The same for a page that gets its pictures, unless the machine is too slow for the five seconds: once more then."""
        for _ in range(5):
            page = self.send(site, *args, **kwargs)
            if "not there within 5 s" not in self.history(site, page):
                break
        return page

    def settled(self, site, number):
        def look():
            return [p for p in site.queue_json() if p["id"] == number and p["state"] not in ("queued", "sending")]

        return harness.wait_until(look, 30, f"page {number} is settled", step=0.05)[0]

    def history(self, site, page):
        return site.run("queue", "show", page["id"]).stdout.split("history")[1]

    def waited(self, page):
        """s from acceptance to Twilio."""
        sent = [m["created"] for m in self.sim.messages() if m["sid"] == page["sid"]]
        return sent[0] / 1000 - page["created"] / 1000 if page["created"] > 1e12 else sent[0] / 1000 - page["created"]

    def assert_text_alone(self, site, page, why):
        """Sent as text, on time, with the reason in its history."""
        self.assertEqual(page["state"], "sent")
        self.assertEqual(page["media"], [])
        self.assertTrue(page["sid"].startswith("SM"), page["sid"])
        history = self.history(site, page)
        if "not there within 5 s" not in history:  # which a machine may be too slow for
            self.assertIn(why, history)
        self.assertLess(self.waited(page), DEADLINE + ON_TIME)

    def assert_picture(self, page, count=1):
        """Sent with pictures that can really be had."""
        self.assertTrue(page["sid"].startswith("MM"), page)
        self.assertEqual(len(page["media"]), count)
        message = [m for m in self.sim.messages() if m["sid"] == page["sid"]][0]
        self.assertEqual(message["media"], page["media"])
        for link in page["media"]:
            with urllib.request.urlopen(link, timeout=60) as answer:
                self.assertEqual(answer.headers["Content-Type"], "image/png")
                self.assertEqual(answer.read()[:8], b"\x89PNG\r\n\x1a\n")


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Sources(MediaTest):
    def test_each_source(self):
        server = self.pictures()
        folder = pathlib.Path(self.sim.folder)
        (folder / "web01").mkdir()
        (folder / "web01" / "HTTP.png").write_bytes(png())
        (folder / "headers").write_text("# how we get in\nAuthorization: Bearer hush-hush-hush\n")
        (folder / "headers").chmod(0o600)
        site = self.media_site([
            {"name": "url", "url": server.url + "/good/{{host | url}}", "headers": ["X-Kind: cpu"],
             "header_file": str(folder / "headers")},
            {"name": "jump", "url": server.url + "/jump/"},
            {"name": "file", "file": "{{host}}/{{service}}.png", "root": str(folder)},
            {"name": "command", "command": ["cat", f"{folder}/{{{{host}}}}/{{{{service}}}}.png"]},
        ])
        self.assertEqual(site.run("config", "check").stdout, "")
        for name in ("url", "jump", "file", "command"):
            with self.subTest(name):
                page = self.pictured(site, "-g", name, service="HTTP", state="CRITICAL", env={"SALT": name})
                self.assert_picture(page)
                self.sim.advance(1)
                self.send(site, state="OK")
        all_four = self.pictured(site, "-g", "url", "-g", "jump", "-g", "file", "-g", "command")
        self.assert_picture(all_four, 4)
        _, path, headers = server.asked[0]
        self.assertEqual(path, "/good/web01")
        self.assertEqual(headers["X-Kind"], "cpu")
        self.assertEqual(headers["Authorization"], "Bearer hush-hush-hush")
        self.assertNotIn("hush-hush", site.log())
        for page in site.public.iterdir():
            self.assertEqual(page.stat().st_mode & 0o777, 0o644)

    def test_names_that_are_attacks(self):
        server = self.pictures()
        folder = pathlib.Path(self.sim.folder)
        (folder / "graphs").mkdir()
        (folder / "secret.png").write_bytes(png())
        marker = folder / "marker"
        site = self.media_site([
            {"name": "url", "url": server.url + "/good/?service={{service | url}}"},
            {"name": "raw", "url": server.url + "/good/{{service}}"},
            {"name": "file", "file": "{{service}}.png", "root": str(folder / "graphs")},
            {"name": "command", "command": ["sh", "-c", 'printf %s "$1" >"$2"; cat "$3"', "sh", "x{{service}}",
                                            str(marker), str(folder / "secret.png")]},
            {"name": "option", "command": ["cat", "{{service}}"]},
        ])
        names = ["../secret", "../../../../etc/passwd", "a;touch /tmp/x", "$(id)", "`id`", "it's", 'a"b', "a b", "100%",
                 "%s%n", "Größe", "日本", "a&b=c#d"]
        for name in names:
            with self.subTest(name):
                page = self.pictured(site, "-g", "url", service=name)
                self.assert_picture(page)
                self.assertEqual(urllib.parse.parse_qs(server.paths()[-1].partition("?")[2]), {"service": [name]})
                page = self.send(site, "-g", "file", service=name, state="DOWN")
                self.assertEqual(page["media"], [])
                self.send(site, "-g", "command", service=name, state="UNKNOWN")
                self.assertEqual(marker.read_text(), "x" + name)
        self.assert_text_alone(site, self.send(site, "-g", "file", service="../secret", state="UNREACHABLE"),
                               "outside root")
        self.assert_text_alone(site, self.send(site, "-g", "raw", service="a b"), "the filter url")
        self.assert_text_alone(site, self.send(site, "-g", "option", service="--version"), "turn into an option")

    def test_links_in_root(self):
        folder = pathlib.Path(self.sim.folder)
        root = folder / "graphs"
        (root / "sub").mkdir(parents=True)
        (root / "sub" / "real.png").write_bytes(png())
        (folder / "outside.png").write_bytes(png())
        (root / "in.png").symlink_to("sub/real.png")
        (root / "absolute.png").symlink_to(root / "sub" / "real.png")
        (root / "out.png").symlink_to("../outside.png")
        (root / "away.png").symlink_to(folder / "outside.png")
        (root / "up").symlink_to("..")
        os.mkfifo(root / "pipe.png")
        site = self.media_site([{"name": "f", "file": "{{service}}.png", "root": str(root)}])
        for name in ("in", "absolute", "sub/real"):
            with self.subTest(name):
                self.assert_picture(self.pictured(site, "-g", "f", service=name))
        for name, why in (("out", "outside root"), ("away", "outside root"), ("up/outside", "outside root"),
                          ("pipe", "not a file"), ("nothing", "No such file")):
            with self.subTest(name):
                self.assert_text_alone(site, self.send(site, "-g", "f", service=name), why)


class NeverCostsTheText(MediaTest):
    def test_bad_servers(self):
        server = self.pictures()
        cases = {"missing": "HTTP 404", "html": "not a picture", "empty": "nothing came", "half": "", "loop": "HTTP 302",
                 "half-unsaid": "only a part of a picture", "huge": "larger than", "nothing": "", "broken": "HTTP 500"}
        site = self.media_site([{"name": name, "url": f"{server.url}/{name}/"} for name in cases])
        for name, why in cases.items():
            with self.subTest(name):
                page = self.send(site, "-g", name, service=name)
                self.assert_text_alone(site, page, f"{name}: {why}")
        self.assertEqual(list(site.public.iterdir()), [])
        self.assertLessEqual(len([p for p in server.paths() if p.startswith("/loop")]), 6)

    def test_time_is_up(self):
        server = self.pictures()
        nobody = socket.socket()
        nobody.bind(("127.0.0.1", 0))
        nobody.listen(0)
        self.addCleanup(nobody.close)
        graphs = [{"name": "hang", "url": server.url + "/hang/"}, {"name": "drip", "url": server.url + "/drip/"},
                  {"name": "mute", "url": f"http://127.0.0.1:{nobody.getsockname()[1]}/"},
                  {"name": "sleep", "command": ["sleep", "600"]}]
        site = self.media_site(graphs)
        page = self.send(site, *[word for g in graphs for word in ("-g", g["name"])])
        self.assert_text_alone(site, page, "not there within 5 s")
        self.assertGreaterEqual(self.waited(page), DEADLINE - 1.1)
        for graph in graphs:
            self.assertIn(f"{graph['name']}: not there within 5 s", self.history(site, page))

    def test_what_is_there_goes(self):
        server = self.pictures()
        site = self.media_site([{"name": "good", "url": server.url + "/good/"},
                                {"name": "hang", "url": server.url + "/hang/"}])
        page = self.send(site, "-g", "hang", "-g", "good")
        self.assert_picture(page)
        self.assertIn("hang: not there within 5 s; goes without that", self.history(site, page))

    def test_bad_commands(self):
        folder = pathlib.Path(self.sim.folder)
        (folder / "x.png").write_bytes(png())
        (folder / "forever").write_text("#!/bin/sh\ncat \"$0.png\"; exec cat /dev/zero\n")
        (folder / "forever.png").write_bytes(png()[:40])
        left = folder / "left"
        (folder / "forks").write_text(f"#!/bin/sh\n(trap '' TERM HUP; sleep 613 & echo $! >{left}; wait) &\n"
                                      f"until [ -s {left} ]; do sleep 0.01; done\ncat {folder}/x.png\n")
        (folder / "stubborn").write_text("#!/bin/sh\ntrap '' TERM INT HUP\nwhile :; do sleep 1; done\n")
        (folder / "fails").write_text("#!/bin/sh\necho 'ERROR: opening web01.rrd' >&2\nexit 3\n")
        (folder / "dies").write_text("#!/bin/sh\nkill -9 $$\n")
        (folder / "nosy").write_text("#!/bin/sh\n{ env; pwd; ls -l /proc/$$/fd; cat; } >\"$0.out\"; "
                                     f"cat {folder}/x.png\n")
        for script in ("forever", "forks", "stubborn", "fails", "dies", "nosy"):
            (folder / script).chmod(0o755)
        graphs = [{"name": n, "command": [str(folder / n)]}
                  for n in ("forever", "forks", "stubborn", "fails", "dies", "nosy")]
        site = self.media_site(graphs + [{"name": "none", "command": ["/nonexistent/program"]},
                                         {"name": "text", "command": ["echo", "<html>this is no picture</html>"]}])
        for name, why in (("forever", "larger than"), ("stubborn", "not there within 5 s"),
                          ("fails", "exit status 3: ERROR: opening web01.rrd"), ("dies", "killed by signal 9"),
                          ("none", "cannot be started"), ("text", "not a picture")):
            with self.subTest(name):
                self.assert_text_alone(site, self.send(site, "-g", name, service=name), f"{name}: {why}" if name != "none"
                                       else why)
        self.assert_picture(self.pictured(site, "-g", "forks", service="forks"))
        pid = int(left.read_text())
        harness.wait_until(lambda: not alive(pid), 30, "what the command left behind is gone")
        self.assert_picture(self.pictured(site, "-g", "nosy", service="nosy", env={"NAGIOS_SECRET": "hush"}))
        seen = (folder / "nosy.out").read_text()
        self.assertNotIn("NAGIOS_", seen)
        self.assertNotIn("NOTIFY_TWILIO", seen)
        self.assertNotIn(site.marker, seen)
        self.assertIn("\n/\n", seen)
        for hidden in ("queue.db", "queue.lock", "socket:", "eventpoll", "memfd"):
            self.assertNotIn(hidden, seen)

    def test_publishing_fails(self):
        folder = pathlib.Path(self.sim.folder)
        (folder / "x.png").write_bytes(png())
        site = self.media_site([{"name": "f", "file": "x.png", "root": str(folder)}], publish=False)
        self.assert_text_alone(site, self.send(site, "-g", "f", service="a"), "publish: is empty")
        site.configure({"publish": [{"directory": str(folder / "nowhere"), "public_url": "https://example.org/m/"}]})
        self.assert_text_alone(site, self.send(site, "-g", "f", service="b"), "f: ")
        site.configure({"publish": [{"directory": "/dev/full", "public_url": "https://example.org/m/"}]})
        self.assert_text_alone(site, self.send(site, "-g", "f", service="c"), "f: ")

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "mounts need root")
    def test_full_folder(self):
        folder = pathlib.Path(self.sim.folder)
        (folder / "x.png").write_bytes(png(noise=200000))
        site = self.media_site([{"name": "f", "file": "x.png", "root": str(folder)}])
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(site.public)],
                               capture_output=True, text=True)
        if mount.returncode:
            self.skipTest(f"no mounts here: {mount.stderr}")
        self.addCleanup(subprocess.run, ["umount", "-l", str(site.public)])
        self.assert_text_alone(site, self.send(site, "-g", "f"), "f: ")
        self.assertEqual(list(site.public.iterdir()), [])


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Choice(MediaTest):
    def test_names_and_when(self):
        server = self.pictures()
        url = server.url + "/good/"
        site = self.media_site([
            {"name": "named", "url": url + "named"},
            {"name": "urgent", "url": url + "urgent", "when": ["urgent"]},
            {"name": "recovery", "url": url + "recovery", "when": ["recovery"]},
        ])

        def paths(*args, **kwargs):
            before = len(server.asked)
            page = self.send(site, *args, **kwargs)
            return sorted(p.rpartition("/")[2] for p in server.paths()[before:]), page

        self.assertEqual(paths()[0], ["urgent"])
        self.assertEqual(paths(state="OK")[0], ["recovery"])
        self.assertEqual(paths("-g", "named", service="b")[0], ["named"])
        self.assertEqual(paths("-g", "named", service="b", state="OK")[0], [])
        self.assertEqual(paths("-g", "named", service="c", state="WARNING")[0], [])
        self.assertEqual(paths("-g", "named", "-g", "urgent", "-g", "recovery", service="d")[0], ["named", "urgent"])
        self.assertEqual(paths("-g", "recovery", "--test", service="e")[0], ["recovery"])
        asked, page = paths("-g", "nobody", service="f")
        self.assertEqual(asked, [])
        self.assert_text_alone(site, page, "there is no graph 'nobody'")
        self.assertIn("there is no graph 'nobody'", site.log())

    def test_more_than_ten(self):
        site = self.media_site([{"name": "g", "command": ["true"]}])
        urls = [word for i in range(10) for word in ("-m", f"https://example.org/{i}.png")]
        for args in (urls + ["-m", "https://example.org/11.png"], urls + ["-g", "g"], ["-g", "g"] + urls):
            done = site.run("send", "-t", "alice", *args, "host=a", "state=DOWN")
            self.assertEqual(done.returncode, 64, done.stderr)
        self.assertFalse(site.database.exists())
        page = self.send(site, *urls)
        self.assertEqual(len(page["media"]), 10)
        self.assertTrue(page["sid"].startswith("MM"))

    def test_once_for_everybody(self):
        server = self.pictures()
        numbers = [f"+1500600{i:04d}" for i in range(100)]
        site = self.media_site([{"name": "g", "url": server.url + "/good/", "when": ["problem"]}],
                               {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 10000}]},
                                "contacts": [{"name": f"p{i}", "numbers": [n]} for i, n in enumerate(numbers)],
                                "groups": [{"name": "all", "members": [f"p{i}" for i in range(100)]}]})
        for tries in range(1, 4):
            done = site.run("send", "-t", "all", "--wait", "60", f"host=web{tries}", "state=CRITICAL", "output=x")
            self.assertEqual(done.returncode, 0, done.stderr)
            harness.wait_until(lambda n=tries: len(self.sim.messages()) == 100 * n, 30, "all pages are out")
            if self.sim.messages()[-1]["media"]:
                break
        self.assertEqual(len(server.asked), tries)
        links = {tuple(m["media"]) for m in self.sim.messages()[-100:]}
        self.assertEqual(len(links), 1)
        self.assertEqual(len(list(links)[0]), 1)

    def test_numbers_without_pictures(self):
        server = self.pictures()
        site = self.media_site([{"name": "g", "url": server.url + "/good/", "when": ["problem"]}],
                               {"contacts": [{"name": "dora", "numbers": ["+491701234567"]}]})
        page = self.pictured(site, to="dora")  # a short text: the link fits
        self.assertEqual(page["media"], [])
        self.assertTrue(page["sid"].startswith("SM"))
        link = page["body"].splitlines()[-1]
        self.assertTrue(link.startswith(site.link), page["body"])
        with urllib.request.urlopen(link, timeout=60) as answer:
            self.assertEqual(answer.read(), png())
        asked = len(server.asked)
        done = site.run("send", "-t", "dora", "--json", "host=web02", "state=CRITICAL", "output=" + "long " * 60)
        page = self.settled(site, json.loads(done.stdout)["id"])
        self.assertNotIn(site.link, page["body"])
        self.assertEqual(len(server.asked), asked, "nobody would see it")

    def test_refused_media(self):
        site = self.media_site([])
        for code in (21620, 21621, 21623, 12300):
            with self.subTest(code):
                self.sim.faults([{"method": "POST", "do": "status", "status": 400, "code": code, "times": 1}])
                page = self.send(site, "-m", "https://example.org/a.png", service=str(code))
                self.assertTrue(page["sid"].startswith("SM"), page)
                creates = self.sim.creates(to=harness.ALICE)[-2:]
                self.assertEqual([("MediaUrl" in c["fields"]) for c in creates], [True, False])


    def test_refused_when_it_was_fetched(self):
        """Twilio looks at a picture only after it has taken the message."""
        site = self.media_site([])
        self.sim.settings(outcomes={harness.ALICE: {"status": "undelivered", "error": 12300}})
        self.send(site, "-m", "https://example.org/a.png")
        harness.wait_until(lambda: len(self.sim.messages()) == 2, 30, "it goes once more, as text")
        self.assertEqual([len(m["media"]) for m in self.sim.messages()], [1, 0])
        again = self.settled(site, 2)
        self.assertIn("without its pictures", self.history(site, again))
        harness.wait_until(lambda: self.settled(site, 2)["state"] == "undelivered", 30, "that is final")
        self.assertEqual(len(self.sim.messages()), 2)

    def test_pictures_have_their_own_pace(self):
        site = self.media_site([], {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 1000,
                                                            "media_per_second": 1}]}})
        for i in range(3):
            site.run("send", "-t", "alice", "-m", "https://example.org/a.png", "--wait", "0", f"host=m{i}", "state=DOWN")
            site.run("send", "-t", "bob", "--wait", "0", f"host=t{i}", "state=DOWN")
        harness.wait_until(lambda: len(self.sim.messages()) == 6, 30, "all are out")
        times = [m["created"] for m in self.sim.messages() if m["media"]]
        self.assertGreaterEqual(times[2] - times[0], 1900)


class Lives(MediaTest):
    def test_daemon_answers_first(self):
        server = self.pictures()
        site = self.media_site([{"name": "g", "url": server.url + "/hang/"}])
        site.serve()
        done = site.run("send", "-t", "alice", "-g", "g", "--json", "host=a", "state=CRITICAL", "output=x")
        self.assertEqual(done.returncode, 0, done.stderr)
        page = json.loads(done.stdout)
        self.assertEqual(page["state"], "queued")
        self.assertEqual(page["media"], ["graph:g"])
        self.assert_text_alone(site, self.settled(site, page["id"]), "not there within 5 s")

    def test_reload_and_end_while_it_is_made(self):
        server = self.pictures()
        site = self.media_site([{"name": "g", "url": server.url + "/hang/"}])
        daemon = site.serve()
        site.run("send", "-t", "alice", "-g", "g", "host=a", "state=CRITICAL", "output=x")
        harness.wait_until(lambda: server.asked, 30, "it is asked for")
        site.configure({"graphs": [{"name": "g", "url": server.url + "/good/"}]})
        daemon.send_signal(signal.SIGHUP)
        page = self.settled(site, 1)
        self.assertEqual(page["state"], "sent")
        site.run("send", "-t", "bob", "-g", "g", "host=b", "state=CRITICAL", "output=x")
        self.assertEqual(harness.end_process(daemon, 30), 0)
        harness.wait_until(lambda: site.run("queue", "flush") and len(self.sim.messages()) == 2, 30,
                           "what is left goes with the next drainer")

    def test_killed_while_it_is_made(self):
        server = self.pictures()
        site = self.media_site([{"name": "g", "url": server.url + "/hang/"}])
        daemon = site.serve()
        site.run("send", "-t", "alice", "-g", "g", "host=a", "state=CRITICAL", "output=x")
        harness.wait_until(lambda: server.asked, 30, "it is asked for")
        daemon.kill()
        daemon.wait()
        site.configure({"graphs": [{"name": "g", "url": server.url + "/good/"}]})
        site.serve()
        page = self.settled(site, 1)
        self.assertEqual(page["state"], "sent")
        self.assertEqual(len(self.sim.messages()), 1)
        history = self.history(site, page)
        self.assertTrue("with 1 picture" in history or "not there within 5 s" in history, history)

    def test_without_waiting(self):
        server = self.pictures()
        site = self.media_site([{"name": "g", "url": server.url + "/good/"}])
        for tries in range(1, 6):
            done = site.run("send", "-t", "alice", "-g", "g", "--wait", "0", f"host=a{tries}", "state=CRITICAL", "output=x")
            self.assertEqual(done.returncode, 0, done.stderr)
            harness.wait_until(lambda n=tries: len(self.sim.messages()) == n, 30, "the drainer left behind has sent it")
            if self.sim.messages()[-1]["media"]:
                break
        self.assertEqual(len(self.sim.messages()[-1]["media"]), 1)


class ByHand(MediaTest):
    def test_render_saves_a_picture(self):
        server = self.pictures()
        site = self.media_site([{"name": "good", "url": server.url + "/good/{{host}}", "when": ["recovery"]},
                                {"name": "missing", "url": server.url + "/missing/"}])
        out = site.folder / "out.png"
        done = site.run("render", "-g", "good", "--save", out, "host=web01", "state=CRITICAL")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(out.read_bytes(), png())
        self.assertIn("image/png", done.stderr)
        out.unlink()
        done = site.run("render", "-g", "missing", "--save", out, "host=web01", "state=CRITICAL")
        self.assertEqual(done.returncode, 75)
        self.assertIn("missing: HTTP 404", done.stderr)
        self.assertFalse(out.exists())
        self.assertEqual(site.run("render", "-g", "none", "--save", out, "host=a", "state=DOWN").returncode, 65)
        self.assertEqual(site.run("render", "--save", out, "host=a", "state=DOWN").returncode, 64)
        self.assertFalse(site.database.exists())

    def test_probe(self):
        site = self.media_site([])
        done = site.run("config", "check", "--probe")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("GET", done.stdout)
        self.assertIn("HEAD", done.stdout)
        self.assertEqual(list(site.public.iterdir()), [])
        site.configure({"publish": [{"directory": str(site.public), "public_url": "http://127.0.0.1:9/m/"}]})
        self.assertEqual(site.run("config", "check", "--probe").returncode, 78)
        site.configure({"publish": []})
        self.assertEqual(site.run("config", "check", "--probe").returncode, 78)


class Rrdtool(MediaTest):
    def rrd(self, folder):
        path = pathlib.Path(folder, "web01.rrd")
        start = 1700000000
        subprocess.run(["rrdtool", "create", str(path), "--start", str(start), "--step", "60",
                        "DS:v:GAUGE:120:0:U", "RRA:AVERAGE:0.5:1:100"], check=True, capture_output=True)
        subprocess.run(["rrdtool", "update", str(path), *[f"{start + 60 * i}:{i}" for i in range(1, 50)]], check=True,
                       capture_output=True)
        return start, path

    def test_a_graph(self):
        start, path = self.rrd(self.sim.folder)
        site = self.media_site([{"name": "rrd", "command": [
            "rrdtool", "graph", "-", "--start", str(start), "--end", str(start + 3000), "--title", "{{service}}",
            "DEF:v=" + str(path).replace("web01", "{{host}}") + ":v:AVERAGE", "LINE1:v#ff0000"]}])
        self.assert_picture(self.pictured(site, "-g", "rrd", service="Größe, 100 %; it's"))
        done = site.run("send", "-t", "alice", "--json", "-g", "rrd", "host=nobody", "state=CRITICAL", "output=x")
        self.assert_text_alone(site, self.settled(site, json.loads(done.stdout)["id"]), "nobody.rrd")


if __name__ == "__main__":
    unittest.main()
