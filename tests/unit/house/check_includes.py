"""check_includes ROOT: who includes whom.

base includes itself alone. A stage includes base, itself, and the records of earlier stages. The plugin's edge and flow
know all stages; neb and the front know base and hand-over. Each foreign library is known in one place.
"""

import re
import sys

from house import line_of, read, report, self_check, sources

STAGES = ["base", "config", "ingest", "oncall", "template", "sms", "media", "queue", "throttle", "twilio", "handover"]

# Data plus new and free: what a later stage may see of an earlier one.
RECORDS = {
    "config/config.h", "config/problem.h", "ingest/alert.h", "oncall/recipient.h", "template/rendering.h",
    "sms/segment.h", "media/picture.h", "queue/page.h", "throttle/digest.h", "twilio/outcome.h",
}

# What the commands take from a stage without flow between: the configuration itself (`config check`), the options of the
# scripts it can stand in for, and the protocol of a notification channel.
COMMANDS = {"config/load.h", "config/schema.h", "ingest/ingest.h", "ingest/channel_line.h", "ingest/channel_request.h"}

# header: (where it may be included, by how many files at most)
FENCES = {
    r"curl/.*": (r"plugin/twilio/http\w*\.[ch]", 1),
    r"sqlite3\w*\.h": (r"plugin/queue/sqlite\w*\.[ch]", 1),
    r"yaml\.h": (r"plugin/config/yaml\.c", 1),
    r"utf8proc\.h": (r"plugin/base/utf8\.c", 1),
    r"(cjson/)?cJSON\w*\.h": (r"plugin/template/json_view\.c|plugin/twilio/response\.c|plugin/ingest/channel_private\.h"
                            r"|plugin/flow/\w+\.c|notify/\w+\.c", 5),
    r"openssl/.*": (r"plugin/media/\w+\.c", 1),
    r"microhttpd\.h": (r"$^", 0),
    r"syslog\.h": (r"plugin/base/log\.c", 1),
    r"(naemon|nagios|neb)\w*\.h|(naemon|nagios)/.*": (r"$^", 0),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def may_include(path, target):
    """The rule for #include "target" in path; both relative, target to plugin/ (or to the root for notify/)."""
    parts = path.split("/")
    own = parts[1] if parts[0] == "plugin" and len(parts) > 2 else None
    stage = target.split("/")[0]
    if parts[0] == "notify":
        return stage in ("notify", "base", "handover", "flow", "notify_twilio.h") or target in RECORDS | COMMANDS
    if own is None or own == "flow":
        return own == stage or stage in STAGES or (own is None and stage == "flow") or target == "notify_twilio.h"
    if own == "neb":
        return stage in ("neb", "base", "handover")
    if own not in STAGES:
        return False
    if stage == own or stage == "base":
        return True
    return target in RECORDS and STAGES.index(stage) < STAGES.index(own)


def check(root):
    complaints = []
    users = {fence: [] for fence in FENCES}
    for path in sources(root, ["plugin", "notify"]):
        text = read(root, path)
        for match in INCLUDE.finditer(text):
            where = f"{path}:{line_of(text, match.start())}"
            quoted, target = match.group(1) == '"', match.group(2)
            for fence, (allowed, _) in FENCES.items():
                if re.fullmatch(fence, target):
                    users[fence].append(path)
                    if not re.fullmatch(allowed, path):
                        complaints.append(f"{where}: <{target}> belongs into {allowed}")
            if not quoted:
                continue
            if path.startswith("plugin/") and "/" not in target and target != "notify_twilio.h":
                complaints.append(f'{where}: "{target}" is to be written with its folder')
            elif not may_include(path, target):
                complaints.append(f'{where}: "{target}" is not for this folder')
            # A private header may show a foreign one, which is why not even flow sees it.
            if target.endswith("_private.h") and not path.startswith(f"plugin/{target.split('/')[0]}/"):
                complaints.append(f'{where}: "{target}" is private to its folder')
    for fence, (_, most) in FENCES.items():
        files = sorted(set(users[fence]))
        if len(files) > most:
            complaints.append(f"{fence} is included by {len(files)} files, at most {most}: {' '.join(files)}")
    return complaints


GOOD = {
    "plugin/base/buf.c": '#include "base/buf.h"\n#include <string.h>\n',
    "plugin/template/render.c": '#include "template/render.h"\n#include "ingest/alert.h"\n#include "base/buf.h"\n',
    "plugin/twilio/http.c": "#include <curl/curl.h>\n",
    "plugin/queue/sqlite_private.h": "#include <sqlite3.h>\n",
    "plugin/queue/sqlite_write.c": '#include "queue/sqlite_private.h"\n',
    "plugin/flow/accept.c": '#include "queue/store.h"\n#include "sms/fit.h"\n',
    "plugin/neb/module.c": '#include "handover/client.h"\n',
    "notify/send.c": '#include "handover/client.h"\n#include "flow/accept.h"\n',
}
BAD = [
    {"plugin/base/x.c": '#include "ingest/alert.h"\n'},
    {"plugin/ingest/x.c": '#include "config/load.h"\n'},
    {"plugin/ingest/x.c": '#include "queue/page.h"\n'},
    {"plugin/sms/x.c": '#include "flow/accept.h"\n'},
    {"plugin/sms/x.c": '#include "fit.h"\n'},
    {"plugin/sms/x.c": '#include "../base/buf.h"\n'},
    {"plugin/unknown/x.c": '#include "base/buf.h"\n'},
    {"plugin/neb/x.c": '#include "flow/accept.h"\n'},
    {"plugin/neb/x.c": '#include "queue/page.h"\n'},
    {"plugin/neb/x.c": "#include <nagios/nebmodules.h>\n"},
    {"plugin/neb/x.c": "#include <naemon.h>\n"},
    {"plugin/flow/x.c": '#include "neb/core.h"\n'},
    {"plugin/handover/x.c": '#include "neb/abi.h"\n'},
    {"notify/x.c": '#include "queue/store.h"\n'},
    {"notify/x.c": '#include "x.h"\n'},
    {"plugin/flow/x.c": "# include <curl/curl.h>\n"},
    {"plugin/queue/x.c": "#include <sqlite3.h>\n"},
    {"plugin/queue/sqlite_read.c": "#include <sqlite3.h>\n"},
    {"plugin/flow/x.c": '#include "queue/sqlite_private.h"\n'},
    {"plugin/config/x.c": "#include <yaml.h>\n"},
    {"plugin/sms/x.c": "#include <utf8proc.h>\n"},
    {"plugin/queue/x.c": "#include <cjson/cJSON.h>\n"},
]

if __name__ == "__main__":
    self_check(check, GOOD, BAD)
    report(check(sys.argv[1]), "includes")
