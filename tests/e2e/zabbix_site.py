"""Debian's Zabbix, from nothing, in a site's folder: a PostgreSQL cluster of its own, zabbix_server, and the frontend
with its API.

    zabbix = zabbix_site.Zabbix(site)     # a harness.Site; everything is in its folder
    self.addCleanup(zabbix.stop)
    zabbix.run()                          # the database and the frontend
    watched = zabbix.watch("web01", "alice", media_type=zabbix.import_media_type())
    zabbix.serve()                        # the server, last: so it knows all from its first moment
    zabbix.send(watched, 12.5)

`zabbix.url` is the frontend's address; `zabbix_site.ADMIN` and `PASSWORD` log in to it (form login at index.php). For the
frontend alone, without an alert: `zabbix.watch(name)` makes a host with an item and a trigger, `watched.item` is the
item's id, and `zabbix.values(watched)` what the server has stored.

PostgreSQL speaks on a Unix socket only, the two others on free ports of 127.0.0.1. As root, PostgreSQL runs as postgres
and the others as zabbix; everybody else's run as themselves. Each is ended by its process id, and would end by itself if
the test were killed.
"""

import grp
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.request

import harness
import monitors

SHARE = pathlib.Path("/usr/share/zabbix")
SQL = pathlib.Path("/usr/share/zabbix-server-pgsql")
MEDIA_TYPE = harness.SOURCE / "packaging" / "zabbix" / "media_type.yaml"
SERVER = shutil.which("zabbix_server", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "zabbix_server"
ADMIN, PASSWORD = "Admin", "zabbix"
LIMIT = 30  # for whatever must happen at last; the harness multiplies it

AVERAGE, HIGH, DISASTER = 3, 4, 5
ACKNOWLEDGE, COMMENT, SEVERITY = 2, 4, 8


class ApiError(Exception):
    pass


def low_port():
    """A free port that the server may listen on: it takes none above 32767."""
    while True:
        port = random.randint(20000, 32767)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wants(port):
    with socket.socket() as s:
        s.settimeout(5)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Watched:
    """What the API has named: ids of a host, its item, its trigger, and of who is told."""

    def __init__(self, name):
        self.name, self.key = name, "value"
        self.host = self.item = self.trigger = self.user = self.action = None


class Zabbix(monitors.Monitor):
    def __init__(self, site):
        super().__init__(site, "zabbix")
        self.servers = []  # (process, the signal that ends it), in the order of their start
        self.session = None
        self.group = self.users = None
        self.sockets = self.folder / "sockets"
        self.scripts = self.folder / "alert.d"
        self.url = self.port = None
        self.zabbix_server = None

    # ---- the three servers

    def launch(self, name, command, user, end_by, cwd=None):
        """A server that goes with us; its output is in NAME.out."""
        # Asked so, PostgreSQL stays for those who use it: a server without its database would never come to its end.
        watched = ["setpriv", "--pdeathsig", "TERM"]
        if user:
            watched += [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
        with open(self.folder / f"{name}.out", "ab") as out:
            process = subprocess.Popen(watched + [str(word) for word in command], env=self.site.environment(),
                                       cwd=cwd or self.folder, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT)
        process.name = name
        self.servers.append((process, end_by))
        return process

    def end(self, process):
        """Ends one server and whatever it has started."""
        end_by = dict((p.pid, s) for p, s in self.servers)[process.pid]
        self.servers = [(p, s) for p, s in self.servers if p.pid != process.pid]
        if process.poll() is None:
            process.send_signal(end_by)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                children = children_of(process.pid)
                process.kill()
                process.wait()
                for child in children:
                    try:
                        os.kill(child, signal.SIGKILL)
                    except ProcessLookupError:
                        pass

    def stop(self):
        for process, _ in reversed(list(self.servers)):
            self.end(process)

    def until(self, process, condition, what):
        def come():
            if process.poll() is not None:
                raise AssertionError(f"{process.name} ended with {process.returncode}: {self.log()}")
            return condition()
        return harness.wait_until(come, LIMIT, what, step=0.2)

    def listening(self, name, command, user):
        """Starts command(port) on a free port; another one where somebody else was quicker. (process, port)"""
        for _ in range(5):
            port = low_port()
            process = self.launch(name, command(port), user, signal.SIGTERM)
            harness.wait_until(lambda: process.poll() is not None or wants(port), LIMIT, f"{name} listens", step=0.05)
            if process.poll() is None:
                return process, port
            self.end(process)
        raise AssertionError(f"{name} does not start: {self.log()}")

    def run(self):
        for name in ("run", "alert.d", "web"):
            (self.folder / name).mkdir()
        self.link()
        self.hand_over()
        self.run_database()
        self.run_frontend()

    def link(self):
        """How the README plugs us in: a link in AlertScriptsPath."""
        (self.scripts / "notify_twilio").symlink_to(self.programs / "notify_twilio")

    def script(self, name, text):
        """A script of the test's own in AlertScriptsPath."""
        temporary = self.scripts / "new"
        temporary.write_text("#!/bin/sh\n" + text)
        temporary.chmod(0o755)
        temporary.rename(self.scripts / name)

    def run_database(self):
        programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        data, user = self.folder / "postgresql", "postgres" if self.account else None
        for path in (data, self.sockets):
            path.mkdir()
            if user:
                shutil.chown(path, user, grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name)
        data.chmod(0o700)
        as_user = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
        subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale",
                        "--no-sync"], env=self.site.environment(), cwd=data, check=True, capture_output=True, **as_user)
        settings = {"listen_addresses": "", "unix_socket_directories": self.sockets, "fsync": "off", "jit": "off",
                    "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}
        process = self.launch("postgresql", [programs / "postgres", "-D", data]
                              + [word for key, value in settings.items() for word in ("-c", f"{key}={value}")],
                              user, signal.SIGINT, cwd=data)
        self.until(process, lambda: subprocess.run([programs / "pg_isready", "-q", "-h", self.sockets, "-U", "postgres"],
                                                   check=False).returncode == 0, "PostgreSQL answers")
        self.sql("CREATE ROLE zabbix LOGIN", user="postgres", database="postgres")
        self.sql("CREATE DATABASE zabbix OWNER zabbix", user="postgres", database="postgres")
        schema, data = (subprocess.run(["gzip", "-dc", SQL / name], check=True, stdout=subprocess.PIPE).stdout.decode()
                        for name in ("schema.sql.gz", "data.sql.gz"))
        # Without the five thousand triggers of the stock templates.
        data = data[:data.index("\nINSERT INTO hosts ")]
        lines = [line for line in (schema + "\n" + data).split("\n") if line.strip().upper() not in ("BEGIN;", "COMMIT;")]
        self.sql("BEGIN;\n" + "\n".join(lines) + "\nCOMMIT;\n")

    def sql(self, text, user="zabbix", database="zabbix"):
        """What a query finds: a list of lists of texts."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-U", user, "-d",
                               database], input=text, env=self.site.environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr[-2000:]}")
        return [line.split("|") for line in done.stdout.splitlines()]

    def serve(self):
        """Starts the server. What is made after that it learns of within seconds, piece by piece."""
        def command(port):
            settings = {
                "ListenIP": "127.0.0.1", "ListenPort": port, "LogFile": self.folder / "monitor.log", "LogFileSize": 0,
                "PidFile": self.folder / "run" / "zabbix_server.pid", "SocketDir": self.folder / "run",
                "DBHost": self.sockets, "DBName": "zabbix", "DBUser": "zabbix", "AlertScriptsPath": self.scripts,
                "CacheUpdateFrequency": 1, "StartAlerters": 3}
            settings |= {f"Start{kind}": 0 for kind in ("Pingers", "Discoverers", "HTTPPollers", "ODBCPollers", "ProxyPollers")}
            settings |= {f"Start{kind}": 1 for kind in ("Pollers", "PollersUnreachable", "Trappers", "Escalators",
                                                        "Preprocessors", "LLDProcessors", "DBSyncers", "HistoryPollers")}
            path = self.folder / "zabbix_server.conf"
            path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
            return [SERVER, "-f", "-c", path]
        self.zabbix_server, self.port = self.listening("zabbix_server", command, self.account and self.account.pw_name)

    def run_frontend(self):
        web = self.folder / "web"
        for path in SHARE.iterdir():
            # What is no PHP need not be copied; PHP looks for its own files beside the real one.
            if path.name in ("assets", "audio", "data", "fonts", "js", "locale"):
                (web / path.name).symlink_to(path)
            elif path.is_dir():
                shutil.copytree(path, web / path.name, symlinks=False, ignore_dangling_symlinks=True)
            else:
                shutil.copy(path, web / path.name)
        settings = self.folder / "zabbix.conf.php"
        reader = web / "include" / "classes" / "core" / "CConfigFile.php"
        reader.write_text(reader.read_text().replace("'/etc/zabbix/zabbix.conf.php'", f"'{settings}'"))
        database = {"TYPE": "POSTGRESQL", "SERVER": str(self.sockets), "PORT": "0", "DATABASE": "zabbix", "USER": "zabbix",
                    "PASSWORD": "", "SCHEMA": "", "ENCRYPTION": False, "KEY_FILE": "", "CERT_FILE": "", "CA_FILE": "",
                    "VERIFY_HOST": False, "CIPHER_LIST": "", "VAULT_URL": "", "VAULT_DB_PATH": "", "VAULT_TOKEN": "",
                    "DOUBLE_IEEE754": True}
        values = "".join(f"$DB['{key}'] = {json.dumps(value)};\n" for key, value in database.items())
        settings.write_text(f"<?php\n{values}$ZBX_SERVER_NAME = 'test';\n$IMAGE_FORMAT_DEFAULT = IMAGE_FORMAT_PNG;\n")
        options = {"memory_limit": "256M", "post_max_size": "16M", "max_execution_time": 300, "date.timezone": "UTC",
                   "opcache.enable": 1, "opcache.enable_cli": 1}
        command = ["php"] + [word for key, value in options.items() for word in ("-d", f"{key}={value}")]
        frontend, port = self.listening("frontend", lambda port: command + ["-S", f"127.0.0.1:{port}", "-t", web],
                                        self.account and self.account.pw_name)
        self.url = f"http://127.0.0.1:{port}/"
        self.until(frontend, lambda: self.api("apiinfo.version", []), "the API answers")
        self.session = self.login(ADMIN, PASSWORD)

    def log(self):
        text = ""
        for name in ("postgresql", "zabbix_server", "frontend"):
            path = self.folder / f"{name}.out"
            if path.exists():
                text += f"{name}: {path.read_text(errors='replace')[-2000:]}\n"
        return text + super().log()

    # ---- the API

    def api(self, method, params, session=None):
        """The result of a call; ApiError with Zabbix's words."""
        body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        if method not in ("apiinfo.version", "user.login"):
            body["auth"] = session or self.session
        request = urllib.request.Request(self.url + "api_jsonrpc.php", json.dumps(body).encode(),
                                         {"Content-Type": "application/json-rpc"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            decoded = json.load(answer)
        if "error" in decoded:
            raise ApiError(f"{method}: {decoded['error']}")
        return decoded["result"]

    def login(self, user, password):
        return self.api("user.login", {"username": user, "password": password})

    def import_media_type(self, text=None, name="Twilio SMS"):
        """The media type of packaging/, imported as an administrator does it; its id."""
        text = text or MEDIA_TYPE.read_text()
        rules = {"mediaTypes": {"createMissing": True, "updateExisting": True}}
        assert self.api("configuration.import", {"format": "yaml", "rules": rules, "source": text})
        found, = self.api("mediatype.get", {"filter": {"name": name}, "output": ["mediatypeid"]})
        return found["mediatypeid"]

    def common(self):
        """The group of hosts, and that of users who may see them."""
        if not self.group:
            self.group, = self.api("hostgroup.create", {"name": "watched"})["groupids"]
            self.users, = self.api("usergroup.create", {
                "name": "on call", "rights": [{"id": self.group, "permission": 2}]})["usrgrpids"]

    def person(self, name, media_type=None, send_to=None, password="cRx7-vault-91"):
        """A user of the on-call group; the id."""
        self.common()
        first, last = name.split(" ")
        user = {"username": first.lower(), "name": first, "surname": last, "passwd": password, "roleid": "1",
                "usrgrps": [{"usrgrpid": self.users}]}
        if media_type:
            user["medias"] = [{"mediatypeid": media_type, "sendto": send_to, "active": 0, "severity": 63,
                               "period": "1-7,00:00-24:00"}]
        return self.api("user.create", user)["userids"][0]

    def watch(self, name, send_to=None, media_type=None, text=False, host=None, steps=1, **trigger):
        """A host with an item that takes what is sent, a trigger, and who is told when it fires."""
        self.common()
        w = Watched(name)
        w.host, = self.api("host.create", {"host": name, "groups": [{"groupid": self.group}], **(host or {})})["hostids"]
        w.item, = self.api("item.create", {"hostid": w.host, "name": "Value", "key_": w.key, "type": 2,
                                           "value_type": 4 if text else 0})["itemids"]
        expression = f'find(/{name}/{w.key},,"like","BAD")=1' if text else f"last(/{name}/{w.key})>5"
        w.trigger, = self.api("trigger.create", {"description": "value is bad", "expression": expression, "priority": HIGH,
                                                 **trigger})["triggerids"]
        if send_to:
            w.user = self.person(f"{name.capitalize()} Watcher", media_type, send_to)
            message = {"default_msg": 1, "mediatypeid": media_type}
            everybody = {"opmessage": {"default_msg": 1}}
            w.action, = self.api("action.create", {
                "name": f"{name} to {send_to}", "eventsource": 0, "esc_period": "1h",
                "filter": {"evaltype": 0, "conditions": [{"conditiontype": 1, "operator": 0, "value": w.host}]},
                "operations": [{"operationtype": 0, "esc_step_from": 1, "esc_step_to": steps,
                                "opmessage_usr": [{"userid": w.user}], "opmessage": message}],
                "recovery_operations": [{"operationtype": 11, **everybody}],
                "update_operations": [{"operationtype": 12, **everybody}]})["actionids"]
        return w

    # ---- what happens

    def trap(self, w, value):
        """Offers a value to the server, as zabbix_sender does; what it says of it."""
        body = json.dumps({"request": "sender data", "data": [{"host": w.name, "key": w.key, "value": str(value)}]}).encode()
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as s:
            s.sendall(b"ZBXD\x01" + struct.pack("<II", len(body), 0) + body)
            answer = b""
            while True:
                part = s.recv(65536)
                if not part:
                    break
                answer += part
        return json.loads(answer[13:])["info"]

    def send(self, w, value):
        """Sends a value, again until the server knows the item."""
        self.until(self.zabbix_server, lambda: "processed: 1;" in self.trap(w, value), f"the server takes values of {w.name}")

    def values(self, w):
        """What the server has stored of the item, oldest first."""
        item, = self.api("item.get", {"itemids": [w.item], "output": ["value_type"]})
        return [row["value"] for row in self.api("history.get", {"itemids": [w.item], "history": int(item["value_type"]),
                                                                 "sortfield": "clock"})]

    def problem(self, w):
        """The id of the event of the trigger's problem, when there is one."""
        def found():
            problems = self.api("problem.get", {"objectids": [w.trigger], "output": ["eventid"]})
            return problems and problems[0]["eventid"]
        return self.until(self.zabbix_server, found, f"a problem of {w.name}")

    def update(self, event, action, session=None, **change):
        """What an operator does with a problem: ACKNOWLEDGE, COMMENT with a message, SEVERITY; or a sum of these."""
        self.api("event.acknowledge", {"eventids": [event], "action": action, **change}, session)

    def alerts(self, w):
        """The server's own records of what it has sent: status 0 new, 1 sent, 2 failed."""
        return self.api("alert.get", {"actionids": [w.action], "sortfield": "alertid",
                                      "output": ["sendto", "status", "retries", "error", "subject", "message", "esc_step"]})

    def next_step(self, w):
        """An escalation's step is due now: its period is a minute at least, and nobody wants to wait."""
        def hurried():
            return self.sql(f"UPDATE escalations SET nextcheck = {int(time.time())} WHERE actionid = {w.action} AND "
                            "esc_step > 0 RETURNING escalationid")
        self.until(self.zabbix_server, hurried, "an escalation")


def children_of(pid):
    """The ids of all processes below it."""
    found, parents = [], {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry))
    todo = [pid]
    while todo:
        todo += parents.get(todo[0], [])
        found += parents.get(todo.pop(0), [])
    return found
