"""The parts that measure the project against its limits, each beside its peer in the same run; one table.

Everything runs against the bundled simulator on loopback. "over" in the last column means that a figure is beyond its
limit on this machine, now; it is told, and the exit status stays 0: benchmarks inform, they do not judge. Ratios are of medians, with those of the minima beside them; processes are timed by bench_pairs, alerts
are handed over by bench_flood, the store alone is measured by bench_store.
"""

import os
import pathlib
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = "/var/tmp"  # a disk: /tmp may be memory
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
FREE = {"throttle": {"urgent": [{"pages": 10000, "per": "1s"}], "routine": [{"pages": 10000, "per": "1s"}]}}
QUICK = {"schedule": {"accepted": 0, "queued": 0, "sending": 0, "sent": 0}}
ALERT = ["NOTIFICATIONTYPE=PROBLEM", "HOSTNAME=web01", "SERVICEDESC=HTTP", "SERVICESTATE=CRITICAL", "HOSTSTATE=UP",
         "HOSTADDRESS=192.0.2.17", "SERVICEOUTPUT=HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 312 bytes",
         "NOTIFICATIONNUMBER=1", "TIMET=1700000000"]
TEXT = "CRITICAL web01/HTTP: HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 312 bytes 22:13"


class Bench:
    """The build under test, and the table."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        os.environ["NT_BIN"] = str(self.build / "notify/notify_twilio")
        os.environ["NT_SIM"] = str(self.build / "tests/support/twilio_simulator")
        os.environ["NT_NEB"] = str(self.build / "plugin/neb/notify_twilio_neb.so")
        os.environ["TMPDIR"] = FOLDER
        self.rows = []

    def row(self, what, value, limit=None, unit="", detail="", least=False):
        """least: the limit is a minimum. limit None: only told."""
        verdict = "" if limit is None else "pass" if (value >= limit if least else value <= limit) else "over"
        bound = "" if limit is None else f"{'≥' if least else '≤'} {limit:g}"
        self.rows.append((what, f"{value:,.2f}{unit}" if value < 100 else f"{value:,.0f}{unit}", bound, verdict, detail))
        print("  ".join(str(cell) for cell in self.rows[-1]), file=sys.stderr, flush=True)

    def tool(self, name, *args, check=True, env=None):
        """Runs a tool; [(first word, {key: float})] of its lines of key=value words."""
        done = subprocess.run([self.build / "tests/bench" / name, *map(str, args)], capture_output=True, text=True,
                              env=env, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{name} {shlex.join(map(str, args))}: {done.returncode}: {done.stderr}")
        return [(line.split()[0], {k: float(v) for k, v in re.findall(r"(\w+)=(-?[\d.]+)", line)})
                for line in done.stdout.splitlines() if line], done.stdout

    def pairs(self, rounds, prepare, site, *commands):
        words = [str(rounds), prepare]
        for command in commands:
            words += ["--", *map(str, command)]
        lines, _ = self.tool("bench_pairs", *words, env=site.environment())
        return [values for _, values in lines]

    def versus(self, what, limit, ours, peer, name="curl"):
        self.row(what, ours["median"] / peer["median"], limit, "×",
                 f"{ours['median']:.1f} ms against {name}'s {peer['median']:.1f} (min {ours['min']:.1f}/{peer['min']:.1f} = "
                 f"{ours['min'] / peer['min']:.2f}×, p99 {ours['p99']:.0f}/{peer['p99']:.0f}, CPU {ours['cpu']:.1f}/"
                 f"{peer['cpu']:.1f}, page faults {ours['faults']:.0f}/{peer['faults']:.0f})")

    def print_table(self):
        heads = ("what", "measured", "limit", "", "how")
        widths = [max(len(row[i]) for row in [heads, *self.rows]) for i in range(4)]
        for row in [heads, *self.rows]:
            print("  ".join(cell.rjust(width) if i == 1 else cell.ljust(width)
                            for i, (cell, width) in enumerate(zip(row, widths))) + "  " + row[4])


class Stage:
    """A simulator and a site that go away again; `with Stage(…) as (sim, site)`."""

    def __init__(self, config=None, settings=None, daemon=False, **options):
        self.sim = harness.Simulator(settings=settings, **options)
        self.site = harness.Site(self.sim, {"log": {"level": "warning"}, **(config or {})})
        if daemon:
            self.site.serve()

    def __enter__(self):
        return self.sim, self.site

    def __exit__(self, *_):
        self.site.close()
        self.sim.violations_allowed = True
        self.sim.stop()


def curl(sim, to=harness.ALICE, extra=()):
    """What people had before: the same form, posted by the curl command."""
    return ["curl", "-s", "-f", "-o", "/dev/null", *extra, "-u", f"{harness.ACCOUNT}:{harness.TOKEN}",
            "--data-urlencode", f"To={to}", "--data-urlencode", f"From={harness.FROM}", "--data-urlencode", f"Body={TEXT}",
            f"{sim.url}/2010-04-01/Accounts/{harness.ACCOUNT}/Messages.json"]


def send(*options):
    return [os.environ["NT_BIN"], "send", "-s", "nagios", *options, *ALERT]


def at_rest(site):
    """A store that has been used, with nothing left to do; the shell text that brings it back."""
    done = site.run(*send("-t", harness.BOB)[1:])
    assert done.returncode == 0, done.stderr
    for pid in site.survivors():
        os.kill(pid, 15)
    harness.wait_until(lambda: not site.survivors(), 5, "the drainer ends")
    kept = site.folder / "kept"
    shutil.copytree(site.store_folder, kept)
    store = shlex.quote(str(site.store_folder))
    return f"rm -rf {store} && cp -a {shlex.quote(str(kept))} {store} && sync {store}/* {store}"


def measure_one_shot(bench, tls, rounds):
    with Stage(tls=tls, settings=QUICK) as (sim, site):
        extra = []
        if tls:  # both read the system's CA store: a copy of it that knows the simulator as well
            bundle = site.folder / "bundle.pem"
            bundle.write_bytes(pathlib.Path(SYSTEM_CA).read_bytes() + pathlib.Path(sim.ca_file).read_bytes())
            extra = ["--cacert", str(bundle)]
            site.configure({"twilio": {"ca_file": str(bundle)}})
        prepare = at_rest(site)
        ours, peer = bench.pairs(rounds, prepare, site, send("-t", harness.ALICE), curl(sim, extra=extra))
        bench.versus(f"one-shot send, {'HTTPS' if tls else 'HTTP'}", 1.15 if tls else 1.5, ours, peer)
        bench.row(f"  peak memory, {'HTTPS' if tls else 'HTTP'}", (ours["rss"] - peer["rss"]) / 1024, 4, " MB",
                  f"over curl's; {ours['rss'] / 1024:.1f} MB against {peer['rss'] / 1024:.1f}")


def part_one_shot(bench):
    """send with no daemon, stored and delivered, against curl: HTTPS and HTTP"""
    measure_one_shot(bench, True, 40)
    measure_one_shot(bench, False, 60)


def part_handover(bench):
    """send to a daemon, against curl"""
    with Stage(FREE, QUICK, daemon=True) as (sim, site):
        ours, peer = bench.pairs(150, "", site, send("-t", harness.ALICE), curl(sim))
        bench.versus("handed over", 0.25, ours, peer)


def part_render(bench):
    """the render command, and the process start it includes"""
    with Stage() as (_, site):
        command = [os.environ["NT_BIN"], "render", "-s", "nagios", "-t", harness.ALICE, *ALERT]
        ours, start = bench.pairs(150, "", site, command, [os.environ["NT_BIN"], "-V"])
        bench.row("render", ours["median"], 1.5, " ms", f"the command; min {ours['min']:.2f}; `-V` {start['median']:.2f}")


def part_fan_out(bench):
    """one send to a group of 100, against 100 curl commands"""
    members = [f"+1500555{n:04d}" for n in range(2000, 2100)]
    config = {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 100000}]}, **FREE,
              "groups": [{"name": "all", "members": members}]}
    with Stage(config, QUICK) as (sim, site):
        prepare = at_rest(site)
        script = site.folder / "hundred.sh"
        script.write_text("\n".join(shlex.join(curl(sim, to)) for to in members) + "\n")
        ours, peer = bench.pairs(5, prepare, site, send("-t", "all"), ["sh", script])
        bench.row("fan-out to 100 numbers", peer["median"] / ours["median"], 15, "×", least=True,
                  detail=f"faster than 100 curl commands: {ours['median']:.0f} ms against {peer['median']:.0f}")


def away(**more):
    """Twilio does not answer at all: nothing but accepting happens."""
    return {"twilio": {"base_url": f"http://127.0.0.1:{harness.free_port()}"}, **FREE, **more}


def part_accept(bench):
    """alerts a second through the socket, 64 unanswered at any moment"""
    with Stage(away(), daemon=True) as (_, site):
        bench.tool("bench_flood", site.socket, 2000, 64)
        (_, r), = bench.tool("bench_flood", site.socket, 30000, 64, "-o", 100000)[0]
        bench.row("accept, 64 outstanding", r["rate"], 10000, "/s", least=True,
                  detail=f"answers p50 {r['p50']:.1f} ms, p99 {r['p99']:.1f}, max {r['max']:.1f}")
        (_, one), = bench.tool("bench_flood", site.socket, 1000, 1, "-o", 200000)[0]
        bench.row("  accept, one after another", one["rate"], unit="/s", detail=f"answers p50 {one['p50']:.2f} ms, "
                  f"p99 {one['p99']:.2f}")


def rss(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return [int(re.search(rf"{key}:\s+(\d+)", text).group(1)) / 1024 for key in ("VmRSS", "VmHWM")]


def part_memory(bench):
    """a daemon with 100,000 queued pages"""
    with Stage(away()) as (_, site):
        serve = site.serve()
        bench.tool("bench_flood", site.socket, 100000, 64, "-n", 5000)
        now, most = rss(serve)
        bench.row("daemon, 100,000 pages queued", now, 24, " MB", f"VmRSS after taking them; VmHWM {most:.1f}")
        harness.end_process(serve, 20)
        serve = site.serve(limit=30)
        time.sleep(1)
        now, most = rss(serve)
        bench.row("  the same, started anew", now, 24, " MB", f"VmRSS; VmHWM {most:.1f}")


def part_history(bench):
    """accepting with 1,000,000 pages of history, against an empty store"""
    pages = 1000000
    with Stage(away()) as (_, site):
        bench.tool("bench_store", "fill", site.store_folder, pages)
        with Stage(away()) as (_, fresh):
            rates = {}
            for name, one in (("empty", fresh), ("full", site)):
                one.serve(limit=30)
                bench.tool("bench_flood", one.socket, 2000, 64, "-o", 900000)
            for turn in range(4):  # by turns
                for name, one in (("empty", fresh), ("full", site)):
                    (_, r), = bench.tool("bench_flood", one.socket, 5000, 64, "-o", 100000 + turn * 5000)[0]
                    rates.setdefault(name, []).append(r["rate"])
        best = {name: max(values) for name, values in rates.items()}
        bench.row("accept with 1,000,000 pages", best["empty"] / best["full"], 1.2, "×",
                  f"time against an empty store's; {best['full']:,.0f}/s against {best['empty']:,.0f}/s")


def fill(bench, site, pages, numbers=200):
    """Pages that wait: taken while Twilio is away."""
    there = site.config["twilio"]["base_url"]
    site.configure(away())
    serve = site.serve()
    bench.tool("bench_flood", site.socket, pages, 64, "-n", numbers)
    harness.end_process(serve, 20)
    site.configure({"twilio": {"base_url": there}})
    now = time.time() * 1000  # back-off is not what is measured
    subprocess.run(["python3", "-c", "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
                    "db.execute('UPDATE page SET due = ? WHERE state < 2', (int(sys.argv[2]),)); db.commit()",
                    str(site.database), str(int(now))], check=True)


def drained(sim, pages, limit=60):
    harness.wait_until(lambda: sim.stats()["all"]["accepted"] >= pages, limit, f"{pages} pages arrive", step=0.1)
    return sim.stats()["all"]


def part_drain(bench):
    """pages a second: at 150 ms latency with 50 connections, and without latency"""
    config = {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 100000}], "connections": 50}, **FREE}
    with Stage(config, {"latency": 150}) as (sim, site):
        pages = 3000
        fill(bench, site, pages)
        site.serve()
        all_ = drained(sim, pages)
        rate = (pages - 50) / ((all_["last"] - all_["first"]) / 1000)  # the first 50 are there at once
        bench.row("drain, 150 ms latency", rate / (50 / 0.150) * 100, 95, " %", least=True,
                  detail=f"of 50/0.15 s: {rate:.0f} pages/s over 50 connections")
    with Stage(config) as (sim, site):
        pages = 15000
        fill(bench, site, pages)
        site.serve()
        all_ = drained(sim, pages)
        rate = pages / max(0.001, (all_["last"] - all_["first"]) / 1000)
        bench.row("drain, no latency", rate, 3000, "/s", least=True, detail="the simulator on the same two cores"
                  if os.cpu_count() == 2 else f"the simulator on the same {os.cpu_count()} cores")


def part_pacing(bench):
    """a sender of 20 segments a second: never idle, never over"""
    config = {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 20}], "connections": 16}, **FREE}
    with Stage(config, {"latency": 100}) as (sim, site):
        pages = 241
        fill(bench, site, pages)
        site.serve()
        drained(sim, pages)
        times = sorted(r["time"] for r in sim.creates())
        busy = (pages - 1) / 20 / ((times[-1] - times[0]) / 1000) * 100
        window = max(sum(1 for t in times if start <= t < start + 1000) for start in times)
        bench.row("paced sender busy", busy, 98, " %", least=True, detail=f"{pages} pages at 20/s")
        bench.row("  most in any second", window, 21, "", "as they arrived: the rate, and the one message that begins")


def part_writers(bench):
    """fifty one-shot writers at once"""
    lines = bench.tool("bench_store", FOLDER, 1)[0]
    worst = [values["writers_max"] for name, values in lines if name == "empty" and "writers_max" in values][0]
    mean = [values["writers_mean"] for name, values in lines if name == "empty" and "writers_mean" in values][0]
    bench.row("50 writers, longest accept", worst, 250, " ms", f"each opens the store and accepts once; mean {mean:.0f}")
    with Stage(settings=QUICK) as (_, site):
        at_rest(site)
        start = time.monotonic()
        all_ = [subprocess.Popen([*send("--wait", "0", "-t", f"+1500555{n:04d}"), f"SERVICEDESC=s{n}"],
                                 env=site.environment(), stdout=subprocess.DEVNULL) for n in range(3000, 3050)]
        for one in all_:
            assert one.wait() == 0
        bench.row("  50 whole send commands", (time.monotonic() - start) * 1e3, unit=" ms",
                  detail="from the first one's start to the last one's end, on this machine's cores")


def part_storm(bench):
    """10,000 alerts at once; how soon is a quiet number's page on the wire?"""
    config = {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 100000}], "connections": 16}}
    with Stage(config, {"latency": 150}, daemon=True) as (sim, site):
        _, text = bench.tool("bench_flood", site.socket, 10000, 64, "-n", 20, "-q", 100)
        asked = {m[0]: float(m[1]) for m in re.findall(r"^quiet (\S+) ([\d.]+)", text, re.M)}
        harness.wait_until(lambda: set(asked) <= {m["to"] for m in sim.messages()}, 30, "the quiet ones arrive")
        arrived = {}
        for request in sim.creates():
            arrived.setdefault(request["fields"].get("To"), request["time"])
        late = sorted(arrived[to] - at for to, at in asked.items())
        bench.row("storm: quiet number's first page", late[len(late) * 99 // 100], 200, " ms",
                  f"p99, from its hand-over to the wire; p50 {late[len(late) // 2]:.0f}, max {late[-1]:.0f}")


def cpu(pid, children):
    """Seconds of processor that a process has used, itself or with the children that it has waited for."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15] if children else fields[11:13])) / os.sysconf("SC_CLK_TCK")


class Core:
    """The real Nagios with one host and many services, each of which has one problem to tell of."""

    def __init__(self, bench, site, services, broker, notify=True, **options):
        from nagios import Nagios  # pylint: disable=import-outside-toplevel
        extra = "".join(f"""
define service {{
  host_name              web01
  service_description    s{n}
  _RUNBOOK               https://wiki.example.org/s{n}
  check_command          unused
  max_check_attempts     1
  active_checks_enabled  0
  notification_interval  0
  notification_period    always
  contacts               someone
}}""" for n in range(services))
        self.site, self.services = site, services
        self.times = site.folder / "times"
        main = f"event_broker_options=-1\nbroker_module={site.folder}/bin/bench_broker.so {self.times}\nenable_notifications={int(notify)}\n"
        self.nagios = Nagios(site, pager="+15005559999", broker=broker, extra=extra, main=main, **options)
        shutil.copy(bench.build / "tests/bench/bench_broker.so", site.folder / "bin")
        self.nagios.run()

    def children(self):
        pid = self.nagios.process.pid
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def used(self, daemon):
        """[core, its workers and what they ran, the daemon]"""
        return [cpu(self.nagios.process.pid, False), sum(cpu(child, True) for child in self.children()),
                cpu(daemon.pid, False)]

    def problems(self, first, last, pause):
        """A problem of each of these services."""
        with open(self.nagios.pipe, "w", encoding="utf-8", buffering=1) as pipe:
            for n in range(first, last):
                pipe.write(f"[{int(time.time())}] PROCESS_SERVICE_CHECK_RESULT;web01;s{n};2;HTTP CRITICAL: HTTP/1.1 503 Service "
                           f"Unavailable - 312 bytes|time=0.412s\n")
                if pause:
                    time.sleep(pause)

    def wait(self, alerts, pages):
        harness.wait_until(lambda: self.nagios.all_log().count("SERVICE ALERT:") >= alerts, 60, "the core has seen all")
        harness.wait_until(lambda: self.pages() >= pages, 60, f"{pages} pages are stored")

    def pages(self):
        import sqlite3  # pylint: disable=import-outside-toplevel
        with sqlite3.connect(f"file:{self.site.database}?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM page").fetchone()[0]

    def end(self):
        """Microseconds of the main loop for each notification."""
        self.nagios.stop()
        return [float(line) for line in self.times.read_text().split()] if self.times.exists() else []


def core_run(bench, services, broker, notify=True, pause=0.01, **options):
    """Processor and main loop time of so many notifications; all are held back for one number, so nothing is sent. pause: s
    between two, so that each is a transaction of its own whoever brings it; 0 = as fast as the core can."""
    throttle = {"urgent": [{"pages": 1, "per": "3h"}], "routine": [{"pages": 1, "per": "3h"}]}
    with Stage({"throttle": throttle, "hold_max": {"urgent": "3h", "routine": "3h"}}, QUICK) as (_, site):
        words = None if broker is None else f"socket={site.socket} {broker}"
        core = Core(bench, site, services + 20, words, notify, **options)
        try:
            daemon = site.serve()
            core.problems(services, services + 20, pause)  # not counted
            core.wait(20, 20 if notify else 0)
            before = core.used(daemon)
            core.problems(0, services, pause)
            core.wait(20 + services, services + 20 if notify else 0)
            time.sleep(0.5)
            used = [(after - begin) * 1e3 / services for begin, after in zip(before, core.used(daemon))]
        finally:
            times = core.end()
        return used, sorted(times[20:])


def part_broker(bench):
    """the broker module in the real Nagios, against the notification command"""
    if not shutil.which("nagios4", path="/usr/sbin:/usr/bin"):
        print("broker: there is no nagios4", file=sys.stderr)
        return
    services = 300
    (_, disk), = bench.tool("bench_store", "disk", FOLDER)[0]
    _, times = core_run(bench, services, "wait=1000", pause=0, environment=False)  # none is left to the command
    (_, again), = bench.tool("bench_store", "disk", FOLDER)[0]  # before and after: others use it too
    sync = {share: (disk[f"fdatasync_{share}"] + again[f"fdatasync_{share}"]) / 2 for share in ("p50", "p99")}
    p50, p99 = (times[len(times) * share // 100] / 1e3 for share in (50, 99))
    bench.row("broker callback p50", p50, round(sync["p50"] + 0.15, 3), " ms",
              f"in Nagios's main loop, one after another; limit: fdatasync's {sync['p50']:.2f} + 0.15")
    bench.row("broker callback p99", p99, round(sync["p99"] + 2, 3), " ms",
              f"limit: fdatasync's {sync['p99']:.2f} + 2; max {times[-1] / 1e3:.1f}")
    idle, _ = core_run(bench, services, None, notify=False, environment=False)
    taken, times = core_run(bench, services, "wait=1000", environment=False)
    bench.row("  p50 of one now and then", times[len(times) // 2] / 1e3, unit=" ms", detail="100 a second")
    for what, options in (("arguments", {}), ("environment", {"template": "twilio-contact-environment"})):
        forked, other = core_run(bench, services, None, environment=what == "environment", **options)
        parts = [[a - i for a, i in zip(used, idle)] for used in (taken, forked)]
        ours, theirs = map(sum, parts)
        words = " against ".join("/".join(f"{part:.2f}" for part in used) for used in parts)
        bench.row(f"broker CPU, command by {what}", ours / theirs, 0.2, "×",
                  f"of a whole notification: {ours:.2f} ms against {theirs:.2f} (core/worker/daemon {words})")
        bench.row("  that command's start", other[len(other) // 2] / 1e3, unit=" ms",
                  detail=f"p50 in the main loop, where the module takes {p50:.2f} with the disk in it")
    with Stage(FREE, QUICK) as (_, site):
        core = Core(bench, site, 10, f"socket={site.socket}", environment=False)
        daemon = site.serve()
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            core.problems(0, 10, 0.01)
            harness.wait_until(lambda: len(core.nagios.notified()) >= 10, 60, "all are told")
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
            times = core.end()
        bench.row("broker, daemon stopped", times[0] / 1e3, 60, " ms", f"once; then at most {max(times[1:]) / 1e3:.2f}")


RRD_START = 1700000000


def graphs_of(site):
    """A round-robin database as a monitor keeps it, and the configuration of its graph; a large picture beside it."""
    rrd = site.folder / "web01.rrd"
    subprocess.run(["rrdtool", "create", str(rrd), "--start", str(RRD_START), "--step", "60", "DS:v:GAUGE:120:0:U",
                    "RRA:AVERAGE:0.5:1:1500"], check=True, capture_output=True)
    subprocess.run(["rrdtool", "update", str(rrd), *[f"{RRD_START + 60 * i}:{i % 97}" for i in range(1, 1440)]], check=True,
                   capture_output=True)
    words = ["rrdtool", "graph", "-", "--start", str(RRD_START), "--end", str(RRD_START + 86400), "--width", "600",
             "--height", "200", "--title", "{{host}}", f"DEF:v={site.folder}/{{{{host}}}}.rrd:v:AVERAGE", "LINE1:v#c00000"]
    (site.folder / "large.png").write_bytes(large_png())
    (site.folder / "public").mkdir()
    graphs = [{"name": "rrd", "command": words}, {"name": "hangs", "command": ["sleep", "600"]},
              {"name": "large", "file": "large.png", "root": str(site.folder)}]
    site.configure({"media_prefixes": ["+1"], "graphs": graphs,
                    "publish": [{"directory": str(site.folder / "public"), "public_url": "https://example.org/m/"}]})
    return [word.replace("{{host}}", "web01") for word in words]


def large_png():
    """All but 5 MB that is a picture as far as anybody looks."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b"prVt", os.urandom(5 * 1024 * 1024 - 200)) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


def part_media(bench):
    """a page with a picture from rrdtool, one whose picture hangs, and the memory of one with 5 MB"""
    with Stage(FREE, QUICK) as (sim, site):
        draw = graphs_of(site)
        prepare = at_rest(site)
        # four phones: what one has heard is no news to it again
        text, alone, both, large = bench.pairs(
            15, prepare, site, send("-t", harness.ALICE), ["sh", "-c", shlex.join(draw) + " >/dev/null"],
            send("-t", harness.CAROL, "-g", "rrd"), send("-t", "+15005553100", "-g", "large"))
        assert any(f.stat().st_size > 5 << 19 for f in (site.folder / "public").iterdir()), "no large picture was published"
        together = text["median"] + alone["median"]
        bench.row("a page with rrdtool's picture", both["median"] / together, 1.3, "×",
                  f"{both['median']:.1f} ms against the text's {text['median']:.1f} + rrdtool's {alone['median']:.1f} "
                  f"(min {both['min']:.1f}/{text['min'] + alone['min']:.1f})")
        bench.row("  send with 5 MB, peak memory", large["rss"] / 1024, 24, " MB",
                  f"{large['median']:.1f} ms; without a picture {text['rss'] / 1024:.1f} MB")
    with Stage(FREE, QUICK) as (sim, site):
        graphs_of(site)
        site.serve()
        waits = []
        for i in range(3):
            site.run(*send("-t", f"+1500555300{i}", "-g", "hangs")[1:])
            harness.wait_until(lambda n=i: len(sim.messages()) > n, 20, "the text goes alone")
            history = site.run("queue", "show", max(p["id"] for p in site.queue_json())).stdout
            times = [sum(float(n) * unit for n, unit in zip(clock.split(":"), (3600, 60, 1)))
                     for clock in re.findall(r"^ *(\d\d:\d\d:\d\d\.\d+) +(?:queued +accepted|sending)", history, re.M)]
            waits.append((times[1] - times[0]) % 86400)
        bench.row("a page whose picture hangs", max(waits), 5.1, " s", "the slowest of 3, from acceptance to its request")


def part_disk(bench):
    """the disk itself"""
    (_, disk), = bench.tool("bench_store", "disk", FOLDER)[0]
    bench.row("fdatasync of 4 KB", disk["fdatasync_p50"], unit=" ms", detail=f"p50; p99 {disk['fdatasync_p99']:.2f} "
              f"(in {FOLDER})")


PARTS = {name[5:].replace("_", "-"): function for name, function in list(globals().items()) if name.startswith("part_")}
ORDER = ["disk", "one-shot", "handover", "render", "fan-out", "accept", "writers", "drain", "storm", "pacing", "memory",
         "media", "broker", "history"]
