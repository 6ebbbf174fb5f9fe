"""Servers that pictures are published to, private and on loopback: a real S3 (npm @20minutes/s3rver, which verifies
signatures), Debian's nginx with WebDAV, and one that answers whatever a test wants to see survived.

Each starts in its constructor and ends with stop(); none leaves anything behind.
"""

import base64
import hashlib
import http.server
import json
import os
import pathlib
import queue
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

import harness

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "eu-central-1"


def npm_folder():
    """Where node_modules lies (NT_NPM)."""
    folder = os.environ.get("NT_NPM")
    if not folder or not pathlib.Path(folder, "node_modules", "@20minutes", "s3rver").is_dir():
        raise RuntimeError("NT_NPM does not lead to the packages of tests/contract-packages.txt")
    return folder


class S3:
    """A bucket `graphs` that KEY_ID with SECRET may use in any way, and nobody else in any."""

    bucket = "graphs"

    def __init__(self, secret=SECRET, tls=None):
        """tls: a name to have a certificate for (ca_file), below which buckets are then."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nt-s3-"))
        self.ca_file = None
        options = {"folder": str(self.folder / "data"), "bucket": self.bucket, "id": KEY_ID, "secret": secret}
        (self.folder / "data").mkdir()
        if tls:
            self.ca_file, key = certificate_below(self.folder, tls)
            options.update(cert=str(self.ca_file), key=str(key), endpoint=tls.partition(".")[2])
        self.errors = open(self.folder / "stderr", "w+")
        self.process = subprocess.Popen(
            ["node", str(pathlib.Path(__file__).with_name("s3_server.js")), npm_folder(), json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        line = self.line(120)
        if not line.startswith("port="):
            self.stop()
            raise RuntimeError(f"no S3 server: {line} {self.log}")
        self.port = int(line[5:])
        self.url = f"https://{tls}:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self.warm_up()

    def warm_up(self):
        """Its first request takes Node long, and pages wait for no picture longer than five seconds."""
        fetch(f"{self.url}/graphs/none?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY_ID}/20250101/x/s3/aws4_request"
              "&X-Amz-Date=20250101T000000Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=0",
              host="127.0.0.1", ca_file=self.ca_file)
        self.requests(count=1)
        self.seen.clear()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put("")

    def line(self, limit):
        """The next line that is no request."""
        while True:
            line = self.lines.get(timeout=limit)
            if not line.startswith("{"):
                return line
            self.seen.append(json.loads(line))

    def requests(self, method=None, count=0):
        """What was asked, oldest first; waits for at least so many."""
        def look():
            while not self.lines.empty():
                line = self.lines.get()
                if line.startswith("{"):
                    self.seen.append(json.loads(line))
            return [r for r in self.seen if method is None or r["method"] == method]

        if count:
            harness.wait_until(lambda: len(look()) >= count, 30, f"{count} requests to S3")
        return look()

    def tell(self, **change):
        self.process.stdin.write(json.dumps(change) + "\n")
        self.process.stdin.flush()
        answer = self.line(120)
        if answer != "done":
            raise RuntimeError(f"the S3 server says {answer!r}")

    def clock(self, seconds):
        """Its clock is so much ahead of ours."""
        self.tell(clock=int(seconds * 1000))

    def publish(self, site, **changes):
        """The item of `publish` for it; the secret goes into a file of the site's."""
        secret = site.folder / "s3_secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET + "\n")
        return {"s3": {"endpoint": self.url, "region": REGION, "bucket": self.bucket, "access_key_id": KEY_ID,
                       "secret_access_key_file": "s3_secret", **changes}}

    def objects(self):
        """Names and bytes of what lies in the bucket."""
        root = self.folder / "data" / self.bucket
        suffix = "._S3rver_object"
        return {str(p.relative_to(root))[:-len(suffix)]: p.read_bytes() for p in root.rglob("*" + suffix)}

    def stop(self):
        self.process.stdin.close()
        harness.end_process(self.process)
        self.reader.join()
        self.process.stdout.close()
        self.errors.seek(0)
        self.log = self.errors.read()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def certificate_below(folder, name):
    """A certificate for a name and all names below it, and its key, as paths."""
    cert, key = pathlib.Path(folder, "cert.pem"), pathlib.Path(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},DNS:*.{name}",
                    "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


class Nginx:
    """Uploads by PUT to /upload/ for who knows the token; everybody may read below /pages/: what packaging/graphs shows."""

    token = "X-Upload-Token: " + base64.urlsafe_b64encode(hashlib.md5(b"a long secret").digest()).decode().rstrip("=")

    def __init__(self, body_max="6m"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="nt-nginx-"))
        self.folder.chmod(0o755)
        self.pictures = self.folder / "pictures"
        self.pictures.mkdir()
        self.port = harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        locations = (harness.SOURCE / "packaging/graphs/nginx.conf").read_text()
        locations = locations.replace("/var/www/pages", str(self.pictures)).replace("6m", body_max)
        config = self.folder / "nginx.conf"
        config.write_text(f"""
            {'user root;' if os.geteuid() == 0 else ''}
            daemon off;
            worker_processes 1;
            pid {self.folder}/pid;
            error_log {self.folder}/error.log;
            events {{ worker_connections 64; }}
            http {{
                access_log {self.folder}/access.log;
                {temporary}
                server {{
                    listen 127.0.0.1:{self.port};
                    {locations}
                }}
            }}
            """)
        self.output = open(self.folder / "stderr", "w+")
        self.process = subprocess.Popen([nginx_program(), "-c", str(config), "-p", str(self.folder)],
                                        stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output)
        try:
            harness.wait_until(self.answers, 30, "nginx answers")
        except AssertionError:
            self.stop()
            raise

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("nginx ended: " + (self.folder / "stderr").read_text())
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def publish(self, site, **changes):
        """The item of `publish` for it; the token goes into a file of the site's."""
        headers = site.folder / "upload_headers"
        headers.touch(mode=0o600)
        headers.write_text("# for uploads\n" + self.token + "\n")
        return {"put": self.url + "/upload/", "public_url": self.url + "/pages/", "header_file": "upload_headers", **changes}

    def requests(self):
        log = self.folder / "access.log"
        return log.read_text().splitlines() if log.exists() else []

    def stop(self):
        harness.end_process(self.process, 10)
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def nginx_program():
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not found:
        raise RuntimeError("there is no nginx (Debian package nginx)")
    return found


class Whatever:
    """Answers each PUT as it is told: a status; "hang" for never; "cut" for a connection that is reset in the middle;
    "slow" for an answer that drips. What it was asked is in `seen`: method, path, headers, body."""

    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.seen = []
        self.over = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_PUT(self):
                outer.answer(self)

            do_DELETE = do_GET = do_HEAD = do_PUT

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def answer(self, request):
        length = int(request.headers.get("Content-Length") or 0)
        if self.behaviour == "cut":
            request.rfile.read(min(length, 64))
            # no farewell: a reset
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.connection.close()
            request.close_connection = True
            return
        body = request.rfile.read(length)
        self.seen.append((request.command, request.path, dict(request.headers), body))
        if self.behaviour == "hang":
            self.over.wait()
            request.close_connection = True
        elif self.behaviour == "slow":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            try:
                while not self.over.wait(0.2):
                    request.wfile.write(b"x")
                    request.wfile.flush()
            except OSError:
                pass
            request.close_connection = True
        else:
            request.send_response(self.behaviour)
            if 300 <= self.behaviour < 400:
                request.send_header("Location", self.url + "/elsewhere/")
            request.send_header("Content-Length", "0")
            request.end_headers()

    def stop(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def fetch(url, method="GET", host=None, ca_file=None, limit=60):
    """(status, headers, body) of a URL, as Twilio would fetch it. host: where to connect to instead of asking a name
    server."""
    import http.client
    import ssl
    import urllib.parse
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    raw = socket.create_connection((host or parts.hostname, port), limit)
    if parts.scheme == "https":
        raw = ssl.create_default_context(cafile=ca_file).wrap_socket(raw, server_hostname=parts.hostname)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=limit)
    connection.sock = raw
    try:
        connection.request(method, path, headers={"Host": parts.netloc})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
