"""The parts that compare us with what people page with today: what one page costs, a group of 100, a storm; and how our
own cost grows with history and recipients.

All approaches take turns within each round (bench_pairs), against one simulator; medians and minima are told. "alone" is
`send` without a daemon: it stores, delivers, waits for its page and leaves a process behind that follows the receipt.
"daemon" is `send` handing over to `serve`. Processor time is that of everything started, and for "daemon" of the daemon as
well; of what "alone" leaves behind too, until it ends by itself.
"""

import os
import pathlib
import shutil
import sqlite3
import threading
import time

import bench as limits
import harness
import peers
from bench import FREE, TEXT

SOON = {"schedule": {"accepted": 0, "queued": 1, "sending": 1, "sent": 1}}  # "queued" is what scripts look for
PACE = {"twilio": {"senders": [{"from": harness.FROM, "segments_per_second": 100000}]}}
ALERT = [word.replace("NUMBER=1", "NUMBER=@ROUND@") for word in limits.ALERT]
NUMBERS = [f"+1500555{n:04d}" for n in range(2000, 2100)]
GROUPS = {"groups": [{"name": f"n{n}", "members": NUMBERS[:n]} for n in (1, 10, 100)]}


class Results:
    """Rows of one table: part, case, who, figure, value, unit; and what the table shows."""

    def __init__(self, build, quick, npm, price):
        self.bench, self.quick, self.npm, self.price = limits.Bench(build), quick, npm, price
        self.rows = []
        self.skipped, self.notes = {}, {}

    def add(self, part, case, who, figure, value, unit):
        self.rows.append((part, case, who, figure, value, unit))

    def value(self, part, case, who, figure):
        return next((row[4] for row in self.rows if row[:4] == (part, case, who, figure)), None)

    def timed(self, part, case, name, values, cpu):
        self.add(part, case, name, "wall median", values["median"], "ms")
        self.add(part, case, name, "wall min", values["min"], "ms")
        self.add(part, case, name, "cpu", cpu, "ms")
        self.add(part, case, name, "memory", values["rss"] / 1024, "MB")

    def pairs(self, options, rounds, prepare, env, commands):
        words = [*options, rounds, prepare]
        for command in commands:
            words += ["--", *command]
        lines, _ = self.bench.tool("bench_pairs", *words, env=env)
        return [values for _, values in lines]


def send(site, to, *more):
    return [os.environ["NT_BIN"], "send", "-c", str(site.config_path), "-s", "nagios", "-t", to, *more, *ALERT]


class Both:
    """One simulator, a site without and a site with a daemon; `with Both(…) as both`."""

    def __init__(self, tls=False, config=None, **options):
        self.sim = harness.Simulator(tls=tls, settings=SOON, **options)
        config = harness.merge({"log": {"level": "warning"}, **FREE, **PACE, **GROUPS}, config or {})
        self.alone, self.served = harness.Site(self.sim, config), harness.Site(self.sim, config)
        self.daemon = self.served.serve(limit=30)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.alone.close()
        self.served.close()
        self.sim.violations_allowed = True
        self.sim.stop()

    def arrival(self, to, count):
        """ms from the start of a send to the daemon to the last of its messages at the server."""
        before = len(self.sim.requests())
        start = time.time() * 1000
        done = self.served.run(*[word.replace("@ROUND@", str(time.monotonic_ns() // 1000000 % 1000000000)) for word in send(self.served, to)[1:]])
        assert done.returncode == 0, done.stderr

        def arrived():
            found = [r["time"] for r in self.sim.requests(since=before + 1, method="POST", path="/Messages.json")]
            return found if len(found) >= count else None

        return max(harness.wait_until(arrived, 30, f"{count} messages arrive", step=0.02)) - start


def compare(results, part, case, numbers, rounds, tls, warm_up):
    """One table's worth: everybody brings one text to these numbers."""
    with Both(tls) as both:
        to = f"n{len(numbers)}"
        prepare = limits.at_rest(both.alone)
        names = ["notify_twilio, alone", "notify_twilio, daemon"]
        commands = [send(both.alone, to), send(both.served, to)]
        for peer in peers.peers(both.sim, both.alone.folder, TEXT, results.npm):
            if peer.missing:
                results.skipped[peer.name] = peer.missing
                continue
            if results.quick and len(numbers) > 1 and peer.name == "apprise":
                results.skipped["apprise to many"] = "it waits 0.2 s after each message; without --quick it is measured"
                continue
            names.append(peer.name)
            if peer.note:
                results.notes[peer.name] = peer.note
            commands.append(peer.command(numbers))
        env = peers.environment(both.sim, both.alone.folder, both.alone.environment())
        found = results.pairs(["-u", warm_up, "-p", both.daemon.pid], rounds, prepare, env, commands)
        # again for the processor time of what is left behind: it is let end by itself
        whole = results.pairs(["-u", 0, "-l"], 1 if results.quick else 3, prepare, env, commands[:1])[0]
        for name, values in zip(names, found):
            cpu = whole["tree"] if name == "notify_twilio, alone" else values["tree"]
            results.timed(part, case, name, values, cpu + (values["other"] if name == "notify_twilio, daemon" else 0))
        arrivals = sorted(both.arrival(to, len(numbers)) for _ in range(2 if results.quick else 5))
        results.add(part, case, "notify_twilio, daemon", "last at the server", arrivals[len(arrivals) // 2], "ms")
        results.add(part, case, "notify_twilio, daemon", "daemon's memory", limits.rss(both.daemon)[1], "MB")
        results.add(part, case, "notify_twilio, alone", "cpu until the answer", found[0]["cpu"], "ms")


def part_page(results):
    """one page: everybody, over HTTPS and HTTP"""
    for tls in (True, False):
        compare(results, "page", "HTTPS" if tls else "HTTP", NUMBERS[:1], 3 if results.quick else 12, tls, 1)


def part_fan_out_peers(results):
    """a fan-out to 100 numbers: everybody, over HTTPS and HTTP"""
    for tls in (False,) if results.quick else (True, False):
        compare(results, "fan-out to 100", "HTTPS" if tls else "HTTP", NUMBERS, 1 if results.quick else 2, tls, 0)


def part_server(results):
    """what the simulator itself can take: that it is not the bottleneck"""
    for tls in (True, False):
        sim = harness.Simulator(tls=tls, settings=SOON)
        sim.violations_allowed = True
        try:
            count = 500 if results.quick else 4000
            ca = ["--cacert", sim.ca_file] if tls else []
            rates = []
            for _ in range(3):
                start = time.monotonic()
                # the part behind # is never sent: one URL, many times, over eight connections that stay
                limits.subprocess.run(["curl", "-s", "-f", "-Z", "--parallel-max", "8", *ca, "-o", "/dev/null",
                                       "-u", f"{harness.ACCOUNT}:{harness.TOKEN}", "--data-urlencode",
                                       f"To={NUMBERS[0]}", "--data-urlencode", f"From={harness.FROM}", "--data-urlencode",
                                       f"Body={TEXT}", f"{sim.url}/2010-04-01/Accounts/{harness.ACCOUNT}/Messages.json"
                                       f"#[1-{count}]"], check=True,
                                      stderr=limits.subprocess.DEVNULL)
                rates.append(count / (time.monotonic() - start))
            assert sim.stats()["all"]["accepted"] == 3 * count
            results.add("server", "HTTPS" if tls else "HTTP", "the simulator", "messages taken", max(rates), "/s")
        finally:
            sim.stop()


HOSTS, SERVICES, PHONES = 500, 20, 5
OUTPUTS = ["CRITICAL - Socket timeout after 10 seconds", "connect to address 10.20.30.40 and port 5666: Connection refused",
           "PING CRITICAL - Packet loss = 100%",
           "HTTP CRITICAL: HTTP/1.1 503 Service Unavailable - 312 bytes in 0.412 second response time",
           "DISK CRITICAL - free space: / 812 MB (4% inode=71%); /var 120 MB (1% inode=55%); /srv 1.2 GB (2% inode=80%); "
           "/home 3.4 GB (3% inode=88%); /var/lib/postgresql 4.5 GB (2% inode=97%)"]


def storm_alert(n):
    host, service = n % HOSTS, n // HOSTS
    return {"HOSTNAME": f"app{host:03d}.example.org", "SERVICEDESC": f"check_{service:02d}", "SERVICESTATE": "CRITICAL",
            "NOTIFICATIONTYPE": "PROBLEM", "HOSTSTATE": "UP", "NOTIFICATIONNUMBER": "1",
            "SERVICEOUTPUT": OUTPUTS[service % len(OUTPUTS)]}


def naive_text(alert):
    """What scripts send, uncut."""
    return (f"{alert['NOTIFICATIONTYPE']}: {alert['SERVICEDESC']} on {alert['HOSTNAME']} is {alert['SERVICESTATE']}: "
            f"{alert['SERVICEOUTPUT']}")


def hand_over(path, alerts, seconds, errors):
    """All alerts to the daemon, evenly over that time, by several writers."""
    import socket  # pylint: disable=import-outside-toplevel
    start, writers = time.monotonic(), 16

    def write(first):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(str(path))
            for n in range(first, len(alerts), writers):
                time.sleep(max(0, start + seconds * n / len(alerts) - time.monotonic()))
                words = {"notify_twilio": "1", "request": f"00000000-0000-4000-8000-{n:012d}", "source": "nagios",
                         "to": "storm", **alerts[n]}
                s.send(b"".join(f"{key}={value}\0".encode() for key, value in words.items()))
                if not s.recv(1 << 18).startswith(b'{"ok":true'):
                    errors.append(n)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - start


def part_storm_cost(results):
    """10,000 alerts from 500 hosts to five phones: the messages, and their price"""
    case = f"{HOSTS * SERVICES:,} alerts, {HOSTS} hosts, {PHONES} phones"
    faster = 60 if results.quick else 30  # times as fast as life: ten minutes of storm, the limits likewise
    alerts = [storm_alert(n) for n in range(HOSTS * SERVICES)]
    numbers = NUMBERS[:PHONES]

    sim = harness.Simulator(settings=SOON)  # a command for each alert and phone: every hundredth is really sent
    try:
        script = next(p for p in peers.peers(sim, sim.folder, "", None) if p.name == "bash script")
        sample = alerts[::200 if results.quick else 100]
        for n, alert in enumerate(sample):
            words = script.command([numbers[n % PHONES]])
            limits.subprocess.run([*words[:-1], naive_text(alert)], check=True)
        stats = sim.stats()["all"]
        messages = len(alerts) * PHONES
        segments = round(stats["segments"] * messages / len(sample))
    finally:
        sim.stop()
    naive = "a command for each (curl, bash, the libraries, apprise)"
    told(results, case, naive, messages, segments)
    results.add("storm", case, naive, "really sent", len(sample), "")

    def scaled(tiers):
        return [{"pages": t["pages"], "per": f"{t['per'] * 1000 // faster}ms"} for t in tiers]

    tiers = [{"pages": 3, "per": 60}, {"pages": 10, "per": 900}, {"pages": 30, "per": 10800}]
    config = {"throttle": {"urgent": scaled(tiers)}, "hold_max": {"urgent": f"{300000 // faster}ms"},
              "groups": [{"name": "storm", "members": numbers}], "log": {"level": "warning"},
              **PACE}
    sim = harness.Simulator(settings=SOON)
    site = harness.Site(sim, config)
    try:
        daemon = site.serve(limit=30)
        errors = []
        took = hand_over(site.socket, alerts, 600 / faster, errors)
        assert not errors, f"{len(errors)} alerts were not taken"

        def settled():
            db = sqlite3.connect(f"file:{site.database}?mode=ro", uri=True, timeout=10)
            try:
                return db.execute("SELECT count(*) FROM page WHERE state < 3").fetchone()[0] == 0
            finally:
                db.close()

        harness.wait_until(settled, 60, "every page is sent or stands in a digest", step=0.25)
        stats = sim.stats()["all"]
        told(results, case, "notify_twilio", stats["accepted"], stats["segments"])
        results.add("storm", case, "notify_twilio", "handed over in", took * faster / 60, "min (scaled)")
        results.add("storm", case, "notify_twilio", "daemon's processor time",
                    int(pathlib.Path(f"/proc/{daemon.pid}/schedstat").read_text().split()[0]) / 1e9, "s")
        results.add("storm", case, "notify_twilio", "daemon's memory", limits.rss(daemon)[1], "MB")
        results.add("storm", case, "notify_twilio", "faster than life", faster, "×")
    finally:
        site.close()
        sim.violations_allowed = True
        sim.stop()


def told(results, case, who, messages, segments):
    results.add("storm", case, who, "messages", messages, "")
    results.add("storm", case, who, "segments", segments, "")
    results.add("storm", case, who, "price", segments * results.price, "USD")


def part_history_cost(results):
    """a page with 0 to a million pages of history"""
    sizes = [0, 100000] if results.quick else [0, 10000, 100000, 1000000]
    sim = harness.Simulator(settings=SOON)
    sites, commands, daemons = [], [], []
    try:
        for size in sizes:
            for kind in ("alone", "daemon"):
                site = harness.Site(sim, harness.merge({"log": {"level": "warning"}, **FREE, **PACE}, GROUPS))
                sites.append((size, kind, site))
                if size and kind == "alone":
                    results.bench.tool("bench_store", "fill", site.store_folder, size)
                elif size:
                    for file in sites[-2][2].store_folder.iterdir():
                        shutil.copy(file, site.store_folder)
                if kind == "daemon":
                    daemons.append(site.serve(limit=60))
                commands.append(send(site, NUMBERS[0]))
        rounds = 6 if results.quick else 12
        found = results.pairs(["-u", 2], rounds, "", sites[0][2].environment(), commands)
        for (size, kind, _), values in zip(sites, found):
            results.timed("history", f"{size:,} pages", f"notify_twilio, {kind}", values, values["tree"])
        for size, daemon in zip(sizes, daemons):
            results.add("history", f"{size:,} pages", "notify_twilio, daemon", "daemon's memory", limits.rss(daemon)[0], "MB")
    finally:
        for _, _, site in sites:
            site.close()
        sim.violations_allowed = True
        sim.stop()


def part_recipients(results):
    """1, 10 and 100 recipients: us and the curl command"""
    with Both() as both:
        prepare = limits.at_rest(both.alone)
        curl = peers.peers(both.sim, both.alone.folder, TEXT, None)[0]
        cases = [(n, who) for n in (1, 10, 100) for who in ("notify_twilio, alone", "notify_twilio, daemon", "curl command")]
        commands = [curl.command(NUMBERS[:n]) if who == "curl command" else
                    send(both.alone if who == "notify_twilio, alone" else both.served, f"n{n}") for n, who in cases]
        for (n, who), command in zip(cases, commands):
            # one after the other: "alone" starts from its own empty store each time
            values = results.pairs(["-u", 1, "-p", both.daemon.pid], 2 if results.quick else 7, prepare,
                                   both.alone.environment(), [command])[0]
            results.timed("recipients", f"{n}", who, values,
                          values["tree"] + (values["other"] if who == "notify_twilio, daemon" else 0))


PARTS = {"server": part_server, "page": part_page, "group": part_fan_out_peers, "storm-cost": part_storm_cost,
         "recipients": part_recipients, "history-cost": part_history_cost}
