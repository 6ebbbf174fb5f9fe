"""Holds our forms against Twilio's own OpenAPI file, by a validating mock.

    prism_check.py NPM_FOLDER [FORMS.json]

FORMS.json is a list of forms, each a list of [name, value] pairs. Without it the forms are those notify_twilio (NT_BIN)
prints with `send --dry-run --json` for a set of configurations, and one page is really sent to the mock, so that the
headers and the credentials are judged as well. Before anything else the mock must refuse forms known to be wrong: an
oracle that says yes to everything proves nothing.

Exit status 0 and a line of counts, or 1 with what was refused.
"""

import json
import pathlib
import sys
import tempfile

import harness
import prism

GOOD = [["To", harness.ALICE], ["From", harness.FROM], ["Body", "x"]]
WRONG = [
    [["From", harness.FROM], ["Body", "no To"]],
    GOOD + [["ApplicationSid", "AP1"]],
    GOOD + [["ValidityPeriod", "soon"]],
    GOOD + [["RiskCheck", "maybe"]],
    [["To", harness.ALICE], ["MessagingServiceSid", "MG12"], ["Body", "x"]],
]

PAIRS = ["HOSTNAME=web01", "SERVICEDESC=disk /var", "SERVICESTATE=CRITICAL", "NOTIFICATIONTYPE=PROBLEM",
         "SERVICEOUTPUT=DISK CRITICAL - free space: /var 120 MB (2%) & more + ünïcode 😀"]
PICTURES = ["-m", "https://example.org/a.png", "-m", "https://example.org/b.png?x=1&y=2"]
SITES = [
    ({}, []),
    ({}, PICTURES),
    ({"message": {"max_segments": 3, "encoding": "ucs2"}}, []),
    ({"twilio": {"senders": [{"messaging_service_sid": harness.SERVICE, "segments_per_second": 10}]}}, PICTURES),
    ({"twilio": {"status_callback": "https://example.org/status?x=1", "risk_check": "enable"}}, []),
    ({"twilio": {"application_sid": "AP" + "0" * 32}}, []),
    ({"expire": {"urgent": "30h", "routine": "2m"}}, []),
]


def our_forms():
    """What notify_twilio would post."""
    forms = []
    for config, options in SITES:
        site = harness.Site(config=config)
        try:
            done = site.run("send", "--dry-run", "--json", "-s", "nagios", "-t", "oncall", *options, *PAIRS)
            if done.returncode != 0:
                raise RuntimeError(f"send --dry-run ended with {done.returncode}: {done.stderr}")
            forms += [json.loads(line)["request"]["form"] for line in done.stdout.splitlines() if line.strip()]
        finally:
            site.close()
    if len(forms) != 2 * len(SITES):
        raise RuntimeError(f"{len(forms)} forms instead of {2 * len(SITES)}")
    return forms


def send_one(mock):
    """A page really sent to the mock; words on what went wrong, or None."""
    site = harness.Site(base_url=mock.url)
    try:
        done = site.run("send", "-s", "nagios", "-t", harness.ALICE, "--wait", "10", "--json", *PAIRS)
        page = json.loads(done.stdout.splitlines()[0]) if done.stdout.strip() else {}
        if done.returncode == 0 and page.get("sid"):
            return None
        return f"send ended with {done.returncode}: {page} {done.stderr} {site.log()[-2000:]}"
    finally:
        site.close()


def main(arguments):
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    npm = pathlib.Path(arguments[1]).resolve()
    refused = []
    with tempfile.TemporaryDirectory() as folder:
        path, known = prism.api_file(npm, folder)
        with prism.Prism(npm, path) as mock:
            for form in WRONG:
                status, _ = mock.post(form)
                if status < 400:
                    refused.append(f"the mock takes what is wrong: {form}")
            forms = json.loads(pathlib.Path(arguments[2]).read_text()) if len(arguments) == 3 else our_forms()
            for form in forms:
                status, text = mock.post(form)
                unknown = [name for name, _ in form if name not in known]  # the mock lets them pass
                if unknown:
                    refused.append(f"not in the OpenAPI file: {unknown}")
                if status != 201:
                    refused.append(f"{status} {text[:1000]}\n  for {form}")
            if len(arguments) == 2:
                refused += filter(None, [send_one(mock)])
    for words in refused:
        print(words, file=sys.stderr)
    print(f"{len(forms)} forms, {len(WRONG)} wrong ones, {len(refused)} complaints")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
