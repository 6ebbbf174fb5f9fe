"""What packaging/graphs ships: each file loads, and draws, with the real thing where it is to be had here (rrdtool), or
with something that speaks its protocol (Graphite)."""

import http.server
import pathlib
import re
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import zlib

import harness

SHIPPED = harness.SOURCE / "packaging" / "graphs"
SCRIPT = SHIPPED / "pnp4nagios"


def png(width=8, height=8):
    """The bytes of a small picture."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + b"\x33\x66\xcc" * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def example(name, **replaced):
    """A shipped file's text. replaced: what stands for what, as it would after installing and editing."""
    path = SHIPPED / f"{name}.yaml"
    text = (path if path.exists() else SHIPPED / f"{name}.yaml.in").read_text()
    text = text.replace("@NT_DATADIR@/examples/graphs/pnp4nagios", str(SCRIPT))
    for old, new in replaced.items():
        if old not in text:
            raise AssertionError(f"{path} has no {old}")
        text = text.replace(old, new)
    return text


class Examples(harness.Test):
    def configured(self, text, sim=None):
        site = self.site(sim)
        for name in re.findall(r"^ +(?:header_file|password_file|secret_access_key_file): (\S+)$", text, re.M):
            path = site.folder / name
            path.touch(mode=0o640)
            path.write_text("X-Secret: abcdefgh\n" if "headers" in name else "abcdefgh\n")
        site.write_config(harness.yaml(site.config) + "\n" + text)
        return site

    def test_every_example_loads(self):
        names = sorted({p.name.partition(".")[0] for p in SHIPPED.glob("*.yaml*")})
        self.assertIn("rrdtool", names)
        for name in names:
            with self.subTest(name):
                site = self.configured(example(name))
                done = site.run("config", "check")
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)

    def test_every_example_says_whether_it_has_been_tested(self):
        for path in SHIPPED.glob("*.yaml*"):
            text = path.read_text()
            if "graphs:" in text:
                self.assertRegex(text, r"Tested (with|against)|NOT TESTED", path.name)


class Recorded(harness.Test):
    """Data as PNP4Nagios leaves it, and the real rrdtool."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="nt-perfdata-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def record(self, host, file, sources=("1",), labels=None):
        path = self.folder / host / f"{file}.rrd"
        path.parent.mkdir(exist_ok=True)
        begin = int(time.time()) // 60 * 60 - 7200
        subprocess.run(["rrdtool", "create", str(path), "--step", "60", "--start", str(begin)]
                       + [f"DS:{s}:GAUGE:8640:U:U" for s in sources] + ["RRA:AVERAGE:0.5:1:2880"], check=True)
        subprocess.run(["rrdtool", "update", str(path)]
                       + [f"{begin + 60 * i}:" + ":".join(str((i + 7 * n) % 40) for n in range(len(sources)))
                          for i in range(1, 119)], check=True)
        if labels:
            path.with_suffix(".xml").write_text("<NAGIOS>" + "".join(
                f"\n<DATASOURCE>\n    <DS>{s}</DS>\n    <LABEL>{label}</LABEL>\n</DATASOURCE>"
                for s, label in zip(sources, labels)) + "\n</NAGIOS>\n")

    def draw(self, *args):
        return subprocess.run([str(SCRIPT), "-d", str(self.folder), *args], capture_output=True, timeout=120,
                              env={"PATH": "/usr/bin:/bin", "HOME": "/", "LANG": "C.UTF-8"})

    def test_a_service_is_drawn(self):
        self.record("web01", "Disk__var", ("1", "2"), ("/var", "in:odes \\n"))
        for args in (["web01", "Disk /var"], ["-t", "1", "--", "web01", "Disk:/var"]):
            done = self.draw(*args)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.startswith(b"\x89PNG"), done.stdout[:40])

    def test_a_host_is_drawn(self):
        self.record("web01", "_HOST_")
        for args in (["web01"], ["web01", ""]):
            done = self.draw(*args)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.startswith(b"\x89PNG"), done.stdout[:40])

    def test_names_lead_nowhere_else(self):
        self.record("web01", "_HOST_")
        (self.folder / "sub").mkdir()
        for host, service in (("..", "web01/_HOST_"), ("sub/../web01", "_HOST_"), (".", "x"), ("web01", "../web01/_HOST_"),
                              ("web02", "x"), ("$(touch x)", "`touch x`"), ("-d", "/")):
            done = self.draw("--", host, service)
            self.assertEqual((done.returncode, done.stdout), (1, b""), (host, service))
        self.assertEqual(self.draw().returncode, 64)
        self.assertEqual(self.draw("").returncode, 64)
        self.assertEqual(self.draw("-t", "1;x", "web01").returncode, 64)

    def test_through_the_program(self):
        """Both graphs of the example, as `render --save` gets them."""
        self.record("web01", "Disk__", ("1", "2"))
        self.record("web01", "Current_Load")
        site = self.site()
        text = example("rrdtool", **{"/var/lib/pnp4nagios/perfdata": str(self.folder)})
        site.write_config(harness.yaml(site.config) + "\n" + text)
        for graph in ("pnp", "load"):
            saved = site.folder / f"{graph}.png"
            done = site.run("render", "--graph", graph, "--save", saved, "-t", harness.ALICE, "host=web01", "service=Disk /",
                            "state=CRITICAL", "output=full")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(saved.read_bytes().startswith(b"\x89PNG"))


class Graphite(harness.Test):
    def setUp(self):
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                parts = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(parts.query, strict_parsing=True)
                outer.asked.append((parts.path, query, dict(self.headers)))
                ok = parts.path == "/render" and query.get("format") == ["png"] and "target" in query
                self.send_response(200 if ok else 400)
                self.send_header("Content-Type", "image/png" if ok else "text/html")
                self.end_headers()
                self.wfile.write(png() if ok else b"<html>no</html>")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def test_the_render_api(self):
        site = self.site()
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        text = example("graphite", **{"https://graphite.example.org": url})
        (site.folder / "graphite_headers").touch(mode=0o640)
        (site.folder / "graphite_headers").write_text("Authorization: Basic Zm9vOmJhcg==\n")
        site.write_config(harness.yaml(site.config) + "\n" + text)
        saved = site.folder / "saved.png"
        done = site.run("render", "--graph", "graphite", "--save", saved, "-t", harness.ALICE, "host=web&01=}",
                        "service=http,x)", "state=CRITICAL", "output=503")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(saved.read_bytes(), png())
        path, query, headers = self.asked[-1]
        self.assertEqual(query["target"], ["aliasByMetric(icinga2.web&01=}.services.http,x).*.perfdata.*.value)"])
        self.assertNotIn("Authorization", headers)
        done = site.run("render", "--graph", "by-variable", "--save", saved, "-t", harness.ALICE, "-s", "nagios",
                        "HOSTNAME=web01", "SERVICEDESC=HTTP", "NOTIFICATIONTYPE=PROBLEM", "SERVICESTATE=CRITICAL",
                        "SERVICEOUTPUT=503", "_SERVICEGRAPHITE=web01.http.time")
        self.assertEqual(done.returncode, 0, done.stderr)
        path, query, headers = self.asked[-1]
        self.assertEqual(query["target"], ["web01.http.time"])
        self.assertEqual(headers["Authorization"], "Basic Zm9vOmJhcg==")
