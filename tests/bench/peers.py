"""What people page with today, each as a command that sends one text to some numbers through the simulator.

Each peer is written as its users write it: the curl command in a monitor's configuration, the script that looks at the
answer, Twilio's libraries with their own connection pools. Each verifies the server as it does when it is installed: curl
and Python's requests read the system's bundle of CA certificates, which here knows the simulator as well; Node has its own;
notify_twilio looks into the system's folder of them. The simulator's certificate is added to each.
"""

import dataclasses
import os
import pathlib
import shlex
import shutil
import subprocess

import harness

# Twilio's URL is written into apprise; everything else about it is as installed.
APPRISE = """\
import sys
from apprise.plugins.NotifyTwilio import NotifyTwilio
NotifyTwilio.notify_url = sys.argv.pop(1) + "/2010-04-01/Accounts/{sid}/Messages.json"
from apprise.cli import main
sys.exit(main())
"""

PYTHON = """\
import sys
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
base, ca, account, token, sender, text, *numbers = sys.argv[1:]
http = TwilioHttpClient()
if ca:
    http.session.verify = ca
client = Client(account, token, http_client=http)
client.api.base_url = base
for number in numbers:
    client.messages.create(to=number, from_=sender, body=text)
"""

NODE = """\
const [folder, base, account, token, from, body, ...numbers] = process.argv.slice(2);
const client = require(folder + '/node_modules/twilio')(account, token);
client.api.baseUrl = base;
Promise.all(numbers.map((to) => client.messages.create({ to, from, body }))).catch((error) => {
  console.error(error);
  process.exit(1);
});
"""

BASH = """\
#!/bin/bash
# One message by Twilio: sms.sh NUMBER TEXT
TO="$1"
BODY=$(printf '%b' "$2")
STAMP=$(date '+%F %T')

ANSWER=$(curl -s {extra} -X POST "{url}" -u "{account}:{token}" \\
    --data-urlencode "To=$TO" --data-urlencode "From={sender}" --data-urlencode "Body=$BODY")
STATUS=$(echo "$ANSWER" | grep -o '"status": *"[^"]*"' | head -1 | cut -d'"' -f4)
SID=$(echo "$ANSWER" | grep -o '"sid": *"[^"]*"' | head -1 | cut -d'"' -f4)
if [ "$STATUS" != queued ]; then
    echo "$STAMP failed for $TO: $ANSWER" >> {log}
    exit 1
fi
echo "$STAMP sent to $TO: $SID" >> {log}
"""


@dataclasses.dataclass
class Peer:
    name: str
    command: object  # command(numbers) → argv
    missing: str = ""  # what to install; "" when it is there
    note: str = ""


def bundle(sim, folder):
    """The system's CA store and the simulator's own certificate, as a file; "" without TLS."""
    if not sim.tls:
        return ""
    path = pathlib.Path(folder, "bundle.pem")
    path.write_bytes(pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
                     + pathlib.Path(sim.ca_file).read_bytes())
    return str(path)


def each(folder, name, one):
    """A command that runs one(number) for each number, as a monitor runs its command for each contact."""
    def command(numbers):
        if len(numbers) == 1:
            return one(numbers[0])
        path = pathlib.Path(folder, f"{name}-{len(numbers)}.sh")
        path.write_text("\n".join(shlex.join(one(number)) for number in numbers) + "\n")
        return ["sh", str(path)]
    return command


def python_with(module):
    """A Python that has it; None when there is none."""
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and os.access(python, os.X_OK) and subprocess.run([python, "-c", f"import {module}"], check=False,
                                                                    capture_output=True).returncode == 0:
            return python
    return None


def sendsms(folder):
    """smstools' own script, its spool in folder; None when it is not there."""
    for path in ("/usr/bin/sendsms", "/usr/share/doc/smstools/examples/scripts/sendsms"):
        if os.path.exists(path):
            spool = pathlib.Path(folder, "spool")
            spool.mkdir(exist_ok=True)
            script = pathlib.Path(folder, "sendsms")
            script.write_text(pathlib.Path(path).read_text().replace("/var/spool/sms/outgoing", str(spool)))
            return ["bash", str(script)]
    return None


def peers(sim, folder, text, npm):
    """All of them, for this simulator; folder is where their scripts go, npm holds node_modules."""
    folder = pathlib.Path(folder)
    ca = bundle(sim, folder)
    account, token, sender = harness.ACCOUNT, harness.TOKEN, harness.FROM
    url = f"{sim.url}/2010-04-01/Accounts/{account}/Messages.json"
    extra = ["--cacert", ca] if ca else []
    for name, content in (("page.py", PYTHON), ("page.js", NODE), ("apprise_here.py", APPRISE), (
            "sms.sh", BASH.format(extra=shlex.join(extra), url=url, account=account, token=token, sender=sender,
                                  log=folder / "sms.log"))):
        (folder / name).write_text(content)

    def curl(number):
        return ["curl", "-s", "-f", "-o", "/dev/null", *extra, "-u", f"{account}:{token}", "--data-urlencode",
                f"To={number}", "--data-urlencode", f"From={sender}", "--data-urlencode", f"Body={text}", url]

    python, apprise, spool = python_with("twilio.rest"), python_with("apprise"), sendsms(folder)
    node = shutil.which("node")
    library = npm and os.path.exists(os.path.join(npm, "node_modules/twilio"))
    return [
        Peer("curl command", each(folder, "curl", curl), "" if shutil.which("curl") else "apt-get install curl"),
        Peer("bash script", each(folder, "bash", lambda number: ["bash", str(folder / "sms.sh"), number, text]),
             "" if shutil.which("curl") and shutil.which("bash") else "apt-get install bash curl",
             "curl, and grep for what it answered"),
        Peer("python3-twilio", lambda numbers: [python, str(folder / "page.py"), sim.url, ca, account, token, sender, text,
                                                *numbers], "" if python else "apt-get install python3-twilio"),
        Peer("npm twilio", lambda numbers: [node, str(folder / "page.js"), str(npm), sim.url, account, token, sender, text,
                                            *numbers],
             "" if node and library else "apt-get install nodejs npm; tests/contract/packages.sh FOLDER; --npm FOLDER"),
        Peer("apprise", lambda numbers: [apprise, str(folder / "apprise_here.py"), sim.url, "-b", text,
                                         f"twilio://{account}:{token}@{sender}/" + "/".join(numbers)],
             "" if apprise else "apt-get install apprise", "waits 0.2 s after each message by itself"),
        Peer("smstools sendsms", lambda numbers: [*spool, *numbers, text], "" if spool else "apt-get install smstools",
             "only a file in a spool: nothing is sent, nothing synced"),
    ]


def environment(sim, folder, base):
    """base, and where Node and Python's requests find the certificates; after peers()."""
    if not sim.tls:
        return base
    return {**base, "NODE_EXTRA_CA_CERTS": sim.ca_file, "REQUESTS_CA_BUNDLE": str(pathlib.Path(folder, "bundle.pem"))}
