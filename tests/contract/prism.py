"""Twilio's own OpenAPI file, and prism (npm @stoplight/prism-cli) as the judge of whether somebody keeps to it.

    with prism.Prism(npm, api) as mock:             answers by itself, and refuses what the file does not allow
    with prism.Prism(npm, api, sim.url) as proxy:   passes everything on, and complains of both sides

The OpenAPI file comes from FOLDER/node_modules/@twilio/cli-core, or out of that package, fetched by `npm pack`.
"""

import base64
import fcntl
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import tarfile
import tempfile
import urllib.parse

import harness

PACKAGE = "@twilio/cli-core@9.0.0"
INSIDE = "src/services/twilio-api/twilio_api_v2010.json"
ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
CREATE = f"{ACCOUNT}/Messages.json"
FORM = "application/x-www-form-urlencoded"
START = 60  # s; prism reads a big file, beside other tests

# What answers are made of; without "required" and "additionalProperties" a judge would let everything pass.
ANSWERS = ("api.v2010.account.message", "api.v2010.account.balance")


def load(npm):
    """The file as Twilio publishes it, decoded."""
    path = npm / "node_modules" / PACKAGE.rpartition("@")[0] / INSIDE
    if path.exists():
        return json.loads(path.read_text())
    archive = npm / "twilio-cli-core.tgz"
    with open(npm / ".twilio-cli-core.lock", "w") as lock:  # tests run beside each other
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            with tempfile.TemporaryDirectory(dir=npm) as folder:
                subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE], check=True, timeout=240,
                               stdout=subprocess.DEVNULL)
                next(pathlib.Path(folder).glob("*.tgz")).rename(archive)
    with tarfile.open(archive) as packed:
        return json.load(packed.extractfile("package/" + INSIDE))


def strict(schema):
    """All that is described is there, and nothing else."""
    schema["required"] = list(schema["properties"])
    schema["additionalProperties"] = False


def api_file(npm, folder):
    """The file as prism can use it, as a path; and the names of the parameters of a new message."""
    api = load(npm)
    calls = api["paths"][CREATE]
    form = calls["post"]["requestBody"]["content"][FORM]
    # Without it a repeated MediaUrl is taken for a list in one value.
    form["encoding"] = {"MediaUrl": {"style": "form", "explode": True}}
    for parameter in calls["get"]["parameters"]:
        if parameter["name"].startswith("DateSent"):  # its words ask for YYYY-MM-DD, its format for more than that
            parameter["schema"]["format"] = "date"
    for name in ANSWERS:
        strict(api["components"]["schemas"][name])
    page = calls["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    strict(page)
    for name, value in page["properties"].items():
        if name.endswith("uri"):  # all its examples are relative
            value["format"] = "uri-reference"
    target = pathlib.Path(folder, "api.json")
    target.write_text(json.dumps(api))
    return target, set(form["schema"]["properties"])


class Prism:
    """A running prism: a mock, or with an upstream a proxy. `with Prism(…) as prism`."""

    def __init__(self, npm, api, upstream=None):
        self.port = harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = tempfile.TemporaryFile("w+")
        words = ["proxy", str(api), upstream] if upstream else ["mock", str(api)]
        self.process = subprocess.Popen([str(npm / "node_modules" / ".bin" / "prism"), *words, "-h", "127.0.0.1", "-p",
                                         str(self.port)], stdout=self.log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *unused):
        self.stop()

    def wait(self):
        harness.wait_until(self.answers, START, "prism listens", step=0.1)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"prism ended with {self.process.returncode}: {self.said()[-2000:]}")
        return "is listening on" in self.said()

    def said(self):
        self.log.flush()
        self.log.seek(0)
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log.read())

    def complaints(self):
        """What was wrong with any request or answer so far (a proxy's: it tells, and lets everything pass)."""
        lines = self.said().partition("is listening on")[2].splitlines()
        return [line.partition("Violation: ")[2].strip() for line in lines if "Violation: " in line]

    def request(self, method, path, body=None):
        """(status, the answer's text); path is below the account."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        pair = base64.b64encode(f"{harness.ACCOUNT}:{harness.TOKEN}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", **({"Content-Type": FORM} if body is not None else {})}
        try:
            connection.request(method, ACCOUNT.replace("{AccountSid}", harness.ACCOUNT) + path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def post(self, form):
        """Asks for a message; form is a list of [name, value]."""
        return self.request("POST", "/Messages.json", urllib.parse.urlencode([tuple(pair) for pair in form]))
