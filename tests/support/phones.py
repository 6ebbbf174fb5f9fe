#!/usr/bin/env python3
"""Draws the phones of everybody a running twilio_simulator has sent something to, as their owners see them.

    phones.py http://127.0.0.1:PORT [--name +15005551001=alice] [--wait N] [--since MS] [--ascii] [--columns N]

--wait N waits up to 10 s for N messages to have arrived; --since leaves out what is older (ms since the epoch).
Exit status: 0, 1 when they did not arrive or the simulator does not answer, 64 for a wrong call.
"""

import argparse
import json
import locale
import shutil
import ssl
import sys
import time
import unicodedata
import urllib.parse
import urllib.request

TEXT = 32  # columns of text
BOXES = {"fancy": "╭╮╰╯─│├┤", "plain": "++++-|++"}
ARRIVED = ("sent", "delivered")


def width(text):
    """Columns on a terminal."""
    columns = 0
    for c in text:
        if unicodedata.combining(c) or c in "\u200d\ufe0f":
            continue
        columns += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return columns


def wrap(text, limit=TEXT):
    """Lines of at most limit columns, broken at blanks where there are any, as a phone does."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            candidate = f"{line} {word}" if line else word
            if width(candidate) <= limit:
                line = candidate
                continue
            if line:
                lines.append(line)
            line = ""
            for c in word:
                if width(line + c) > limit:
                    lines.append(line)
                    line = ""
                line += c
        lines.append(line)
    return lines


def pad(text, columns):
    return text + " " * max(0, columns - width(text))


def printable(text, ascii_only):
    clean = "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" or c == "\u200d" else "?" for c in text)
    return clean.encode("ascii", "replace").decode() if ascii_only else clean


def bubble(message, box, ascii_only):
    """One message: sender and time, the text, and below it what it cost."""
    tl, tr, bl, br, h, v, *_ = box
    sender = message["from"] or message["service"] or "?"
    at = time.strftime("%H:%M", time.localtime(message["created"] / 1000))
    lines = [pad(printable(sender, ascii_only), TEXT - 1) + at, tl + h * (TEXT + 2) + tr]
    body = message["body"] if message["status"] in ARRIVED else "(nothing has arrived)"
    for line in wrap(printable(body, ascii_only)):
        lines.append(f"{v} {pad(line, TEXT)} {v}")
    for url in message["media"]:
        for line in wrap("[picture] " + printable(url, ascii_only)):
            lines.append(f"{v} {pad(line, TEXT)} {v}")
    lines.append(bl + h * (TEXT + 2) + br)
    parts = message["segments"]
    cost = f"{'MMS' if message['media'] else message['encoding']}, {parts} segment{'' if parts == 1 else 's'}"
    lines.append(f"{cost}, {message['status']}" + (f" ({message['error']})" if message["error"] else ""))
    return lines


def phone(number, name, messages, ascii_only):
    """The lines of one phone."""
    box = BOXES["plain" if ascii_only else "fancy"]
    tl, tr, bl, br, h, v, ml, mr = box
    inner = TEXT + 6
    title = f"{name} {number}" if name else number
    lines = [tl + h * inner + tr, v + pad(title.center(inner), inner) + v, ml + h * inner + mr]
    for i, message in enumerate(messages):
        if i:
            lines.append(v + " " * inner + v)
        lines += [f"{v} {pad(line, inner - 2)} {v}" for line in bubble(message, box, ascii_only)]
    return lines + [bl + h * inner + br]


def draw(messages, names=None, ascii_only=False, columns=80):
    """All phones, as many beside each other as fit."""
    owners = {}
    for message in messages:
        owners.setdefault(message["to"], []).append(message)
    phones = [phone(number, (names or {}).get(number), own, ascii_only) for number, own in owners.items()]
    out = []
    abreast = max(1, (columns + 2) // (TEXT + 10))
    for first in range(0, len(phones), abreast):
        row = phones[first:first + abreast]
        blank = " " * width(row[0][0])
        for i in range(max(map(len, row))):
            out.append("  ".join(p[i] if i < len(p) else blank for p in row).rstrip())
    return "\n".join(out)


def fetch(url, since):
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with opener.open(urllib.parse.urljoin(url, f"/_sim/messages?since={since}"), timeout=10) as answer:
        return [m for m in json.load(answer) if not m["deleted"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--name", action="append", default=[], metavar="NUMBER=NAME")
    parser.add_argument("--wait", type=int, default=0, metavar="N")
    parser.add_argument("--since", type=int, default=0, metavar="MS")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--columns", type=int, default=shutil.get_terminal_size().columns)
    try:
        arguments = parser.parse_args()
    except SystemExit as end:
        sys.exit(64 if end.code else 0)
    locale.setlocale(locale.LC_CTYPE, "")
    ascii_only = arguments.ascii or "utf" not in (sys.stdout.encoding or "").lower().replace("-", "") \
        or "utf" not in locale.nl_langinfo(locale.CODESET).lower()
    names = dict(pair.split("=", 1) for pair in arguments.name if "=" in pair)
    end = time.monotonic() + 10
    try:
        messages = fetch(arguments.url, arguments.since)
        while sum(m["status"] in ARRIVED for m in messages) < arguments.wait and time.monotonic() < end:
            time.sleep(0.05)
            messages = fetch(arguments.url, arguments.since)
    except OSError as error:
        sys.exit(f"phones: {arguments.url}: {error}")
    if messages:
        print(draw(messages, names, ascii_only, arguments.columns))
    else:
        print("no phone has got anything")
    sys.exit(0 if sum(m["status"] in ARRIVED for m in messages) >= arguments.wait else 1)


if __name__ == "__main__":
    main()
