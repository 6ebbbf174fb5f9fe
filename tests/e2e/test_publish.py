"""Pictures on their way to where Twilio can fetch them: folders, uploads, commands; what happens when that fails, and
what becomes of them afterwards. Each page's text goes out on time whatever happens to its picture."""

import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import delivery
import harness
import publish_servers
import test_graphs

PICTURE = test_graphs.png(32, 32)
NAME = re.compile(r"[0-9a-f]{32}\.png$")


def age(path, seconds):
    """The file was written so long ago."""
    os.utime(path, (time.time() - seconds,) * 2)


class Publishing(harness.Test):
    """A site whose graph is a file, so that only publishing can go wrong."""

    def pager(self, publish, sim=None, **config):
        self.sim = sim or self.simulator()
        site = self.site(self.sim)
        site.pictures = site.folder / "graphs"
        site.pictures.mkdir()
        (site.pictures / "web01.png").write_bytes(PICTURE)
        site.configure({"graphs": [{"name": "cpu", "file": "{{host}}.png", "root": str(site.pictures)}],
                        "publish": [publish(site) if callable(publish) else publish], **config})
        return site

    def page(self, site, host="web01", **kwargs):
        """Sends a page with a picture; (the message as the phone got it, seconds it took)."""
        begun = time.monotonic()
        before = len(self.sim.messages())
        alert = delivery.alert(host, output=f"no answer {before}")  # no two are alike
        done = site.run("send", "-t", harness.ALICE, "-g", "cpu", *alert, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        messages = harness.wait_until(lambda: self.sim.messages()[before:], 30, "the page is there")
        self.assertEqual(len(messages), 1)
        return messages[0], time.monotonic() - begun

    def history(self, site):
        page = max(site.queue_json(), key=lambda p: p["id"])
        done = site.run("queue", "show", page["id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def text_alone(self, site, *reasons):
        """The text goes without a picture, and the page's history says why."""
        message, seconds = self.page(site)
        self.assertEqual(message.get("media") or [], [], message)
        self.assertIn("web01", message["body"])
        told = self.history(site)
        for reason in reasons:
            self.assertRegex(told, reason)
        return seconds

    def nowhere(self, site, secret, *but):
        """Nothing that is written holds the secret: store, notes, log, last good copy; nor does what is shown."""
        for path in site.folder.rglob("*"):
            if path.is_file() and path.name not in but:
                self.assertNotIn(secret.encode(), path.read_bytes(), path)
        self.assertNotIn(secret, self.history(site))

    def alone(self, site):
        """When nobody drains any more, who might tidy up as well."""
        harness.wait_until(lambda: not site.survivors(), 30, "the drainer that send left behind has ended")

    def flush(self, site):
        """As a timer would without a daemon."""
        done = site.run("queue", "flush")
        self.assertEqual(done.returncode, 0, done.stderr)

    def links(self, message):
        self.assertEqual(len(message["media"]), 1, message)
        return message["media"][0]


class Folders(Publishing):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="nt-www-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def test_a_picture_lies_in_the_folder(self):
        www = self.folder()
        site = self.pager({"directory": str(www), "public_url": "https://www.example.org/m/"})
        url = self.links(self.page(site)[0])
        self.assertRegex(url, r"^https://www\.example\.org/m/[0-9a-f]{32}\.png$")
        name = url.rpartition("/")[2]
        self.assertEqual(os.listdir(www), [name])
        self.assertEqual((www / name).read_bytes(), PICTURE)
        self.assertEqual((www / name).stat().st_mode & 0o7777, 0o644)

    def test_a_folder_that_cannot_be_written(self):
        www = self.folder()
        site = self.pager({"directory": str(www / "none"), "public_url": "https://www.example.org/m/"})
        self.text_alone(site, "none cannot be written: No such file or directory")
        (www / "file").touch()
        site = self.pager({"directory": str(www / "file"), "public_url": "https://www.example.org/m/"})
        self.text_alone(site, "file cannot be written: Not a directory")

    @unittest.skipIf(os.geteuid() != 0, "needs another user to be")
    def test_a_folder_of_somebody_else(self):
        www = self.folder()
        www.chmod(0o755)
        site = self.pager({"directory": str(www), "public_url": "https://www.example.org/m/"})
        nobody = 65534
        for path in [site.folder, *site.folder.rglob("*")]:
            os.chown(path, nobody, nobody)
        site.folder.chmod(0o755)
        self.text_alone(site, "cannot be written: Permission denied")
        self.assertEqual(os.listdir(www), [])

    def test_links_and_files_of_others_are_left_alone(self):
        """Whoever can write in the folder cannot make us write elsewhere, as nobody knows the next name."""
        www = self.folder()
        target = self.folder() / "precious"
        target.write_text("mine")
        for name in ("web01.png", ".half-web01.png", "cpu.png"):
            (www / name).symlink_to(target)
        site = self.pager({"directory": str(www), "public_url": "https://www.example.org/m/"})
        self.links(self.page(site)[0])
        self.assertEqual(target.read_text(), "mine")

    def test_a_full_disk(self):
        """What is half written goes. (That a limit on files does the same is a unit test: it needs no mounting.)"""
        www = self.folder()
        small = ["unshare", "--mount", "sh", "-ec",
                 f'mount -t tmpfs -o size=16k none {www}; head -c 16384 /dev/zero >{www}/logo || :; "$@"; ls {www} >&2', "-"]
        if subprocess.run([*small, "true"], capture_output=True).returncode != 0:
            self.skipTest("no folder can be mounted here")
        site = self.pager({"directory": str(www), "public_url": "https://www.example.org/m/"})
        done = subprocess.run([*small, harness.program("NT_BIN", "notify_twilio"), "send", "-t", harness.ALICE, "-g", "cpu",
                               *delivery.alert()], env=site.environment(), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.split()[-1], "logo")
        [message] = harness.wait_until(self.sim.messages, 30, "the page is there")
        self.assertEqual(message.get("media") or [], [])
        self.assertIn("cannot be written: No space left on device", self.history(site))


class Uploads(Publishing):
    def nginx(self, **kwargs):
        server = publish_servers.Nginx(**kwargs)
        self.addCleanup(server.stop)
        return server

    def whatever(self, behaviour):
        server = publish_servers.Whatever(behaviour)
        self.addCleanup(server.stop)
        return server

    def test_to_nginx(self):
        server = self.nginx()
        site = self.pager(server.publish)
        url = self.links(self.page(site)[0])
        self.assertRegex(url, NAME)
        for method, body in (("GET", PICTURE), ("HEAD", b"")):
            status, headers, got = publish_servers.fetch(url, method)
            self.assertEqual((status, headers["Content-Type"], got), (200, "image/png", body))
        self.nowhere(site, server.token.partition(": ")[2], "upload_headers")

    def test_with_the_wrong_token(self):
        server = self.nginx()
        site = self.pager(server.publish)
        (site.folder / "upload_headers").write_text("X-Upload-Token: wrongtoken\n")
        site.serve()
        self.text_alone(site, "cpu: upload: HTTP 403")
        self.nowhere(site, "wrongtoken", "upload_headers")
        (site.folder / "upload_headers").unlink()
        self.text_alone(site, "upload_headers cannot be used")
        self.assertEqual(os.listdir(server.pictures), [])

    def test_too_large_for_the_server(self):
        server = self.nginx(body_max="64")
        site = self.pager(server.publish)
        self.text_alone(site, r"cpu: upload: ")
        self.assertEqual(os.listdir(server.pictures), [])

    def test_what_it_asks(self):
        server = self.whatever(201)
        site = self.pager({"put": server.url + "/up/", "public_url": "https://www.example.org/m"})
        url = self.links(self.page(site)[0])
        self.assertRegex(url, r"^https://www\.example\.org/m/[0-9a-f]{32}\.png$")
        [(method, path, headers, body)] = server.seen
        self.assertEqual((method, path, body), ("PUT", "/up/" + url.rpartition("/")[2], PICTURE))
        self.assertEqual(headers["Content-Type"], "image/png")
        self.assertEqual(headers["Content-Length"], str(len(PICTURE)))
        self.assertNotIn("Transfer-Encoding", headers)
        self.assertNotIn("Expect", headers)
        self.assertNotIn("Authorization", headers)

    def test_refusals(self):
        for status in (302, 307, 401, 403, 404, 409, 500, 507):
            with self.subTest(status):
                server = self.whatever(status)
                site = self.pager({"put": server.url + "/up/", "public_url": "https://www.example.org/m/"})
                self.text_alone(site, f"cpu: upload: HTTP {status}")
                self.assertEqual([seen[1].startswith("/up/") for seen in server.seen], [True], "a redirect is not followed")

    def test_a_server_that_is_not_there(self):
        site = self.pager({"put": f"http://127.0.0.1:{harness.free_port()}/up/", "public_url": "https://www.example.org/m/"})
        self.text_alone(site, "cpu: upload: ")

    def test_a_connection_that_is_cut(self):
        server = self.whatever("cut")
        site = self.pager({"put": server.url + "/up/", "public_url": "https://www.example.org/m/"})
        self.text_alone(site, "cpu: upload: ")

    def test_a_server_that_hangs_or_drips(self):
        for behaviour in ("hang", "slow"):
            with self.subTest(behaviour):
                server = self.whatever(behaviour)
                site = self.pager({"put": server.url + "/up/", "public_url": "https://www.example.org/m/"})
                seconds = self.text_alone(site, "not there within 5 s")
                self.assertGreater(seconds, 4)
                self.assertLess(seconds, 60)


class Commands(Publishing):
    def script(self, text):
        return {"command": ["/bin/sh", "-c", text]}

    def test_an_address_of_its_own(self):
        site = self.pager(lambda s: self.script(f"cat >{s.folder}/got; echo https://paste.example.org/1"))
        self.assertEqual(self.links(self.page(site)[0]), "https://paste.example.org/1")
        self.assertEqual((site.folder / "got").read_bytes(), PICTURE)

    def test_what_it_is_given(self):
        """No descriptor and no variable of ours, its own session, the root as its folder."""
        site = self.pager(lambda s: self.script(
            f"ls /proc/self/fd >{s.folder}/fds; env >{s.folder}/env; pwd >{s.folder}/pwd; echo https://a.example.org/"))
        self.links(self.page(site, env={"NT_PRIVATE": "jackdaw"})[0])
        self.assertLessEqual(set((site.folder / "fds").read_text().split()), {"0", "1", "2", "3"}, "3 is the list's own")
        self.assertNotIn("jackdaw", (site.folder / "env").read_text())
        self.assertEqual((site.folder / "pwd").read_text(), "/\n")

    def test_what_it_may_not_do(self):
        for text, why in (("echo uploading; echo https://a.example.org/", "more than an address"),
                          ("echo 'not an address'", "no http or https address"),
                          ("head -c 100000 /dev/zero | tr '\\0' x", "more than an address"),
                          ("head -c 100 /dev/urandom", "address"),
                          ("true", "prints no address"),
                          ("echo 'quota exceeded' >&2; exit 1", "exit status 1: quota exceeded"),
                          ("kill -SEGV $$", "killed by signal 11")):
            with self.subTest(text):
                self.text_alone(self.pager(self.script(text)), why)
        self.text_alone(self.pager({"command": ["/nowhere/publish"]}), "/nowhere/publish cannot be started")

    def test_one_that_hangs_is_killed_with_its_children(self):
        site = self.pager(lambda s: self.script(
            f"trap '' TERM HUP INT; sleep 1000 & echo $$ $! >{s.folder}/pids; wait; sleep 1000"))
        seconds = self.text_alone(site, "not there within 5 s")
        self.assertGreater(seconds, 4)
        pids = [int(p) for p in (site.folder / "pids").read_text().split()]
        self.assertEqual(len(pids), 2)

        def gone(pid):
            try:
                return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            except OSError:
                return True

        for pid in pids:
            harness.wait_until(lambda: gone(pid), 10, "it and its child are gone")


class Retention(Publishing):
    """What was published goes after `keep`, by serve and by queue flush."""

    def test_a_folder_is_tidied(self):
        with tempfile.TemporaryDirectory(prefix="nt-www-") as www:
            site = self.pager({"directory": www, "public_url": "https://www.example.org/m/", "keep": "1h"})
            name = self.links(self.page(site)[0]).rpartition("/")[2]
            fresh = self.links(self.page(site)[0]).rpartition("/")[2]
            pathlib.Path(www, "logo.png").touch()
            self.alone(site)
            for path in pathlib.Path(www).iterdir():
                if path.name != fresh:
                    age(path, 4000)
            self.flush(site)
            self.assertEqual(sorted(os.listdir(www)), sorted(["logo.png", fresh]))
            self.assertNotEqual(name, fresh)

    def test_an_upload_is_deleted(self):
        server = publish_servers.Nginx()
        self.addCleanup(server.stop)
        site = self.pager(lambda s: server.publish(s, keep="1s"))
        site.serve()
        url = self.links(self.page(site)[0])
        harness.wait_until(lambda: os.listdir(server.pictures) == [], 30, "serve deletes it")
        asked = "DELETE /upload/" + url.rpartition("/")[2]
        harness.wait_until(lambda: [line for line in server.requests() if asked in line], 30, "nginx has logged it")
        notes = site.store_folder / "published"
        harness.wait_until(lambda: os.listdir(notes) == [], 30, "nothing is left to be remembered")
        self.assertNotIn(server.token.partition(": ")[2], site.log())

    def test_it_survives_a_crash_between_note_and_upload(self):
        """The note is there before the first byte leaves, so what is killed in the middle is tidied all the same."""
        server = publish_servers.Whatever("hang")
        self.addCleanup(server.stop)
        site = self.pager({"put": server.url + "/up/", "public_url": "https://www.example.org/m/", "keep": "1s"})
        daemon = site.serve()
        site.start("send", "-t", harness.ALICE, "-g", "cpu", "--wait", "0", *delivery.alert())
        harness.wait_until(lambda: server.seen, 30, "the upload has begun")
        daemon.kill()
        daemon.wait()
        notes = site.store_folder / "published"
        [name] = os.listdir(notes)
        self.assertEqual((notes / name).read_text(), f"{server.url}/up/{name}")
        server.behaviour = 204
        site.serve()
        harness.wait_until(lambda: ("DELETE", f"/up/{name}") in [seen[:2] for seen in server.seen], 30, "it is deleted")
        harness.wait_until(lambda: name not in os.listdir(notes), 30, "and forgotten")

    def test_what_cannot_be_deleted_is_tried_again(self):
        server = publish_servers.Whatever(201)
        self.addCleanup(server.stop)
        site = self.pager({"put": server.url + "/up/", "public_url": "https://www.example.org/m/", "keep": "1s"})
        site.serve()
        self.links(self.page(site)[0])
        server.behaviour = 403
        deletions = lambda: [seen for seen in server.seen if seen[0] == "DELETE"]
        harness.wait_until(lambda: len(deletions()) >= 2, 30, "it is tried again")
        self.assertIn("cannot be deleted", site.log())
        server.behaviour = 404
        notes = site.store_folder / "published"
        harness.wait_until(lambda: os.listdir(notes) == [], 30, "gone is gone")


class Probe(Publishing):
    """config check --probe: a picture goes the whole way and back."""

    def probe(self, site):
        done = site.run("config", "check", "--probe")
        return done.returncode, done.stdout + done.stderr

    def test_all_is_well(self):
        server = publish_servers.Nginx()
        self.addCleanup(server.stop)
        site = self.pager(server.publish)
        status, words = self.probe(site)
        self.assertEqual(status, 0, words)
        self.assertRegex(words, rf"published as {server.url}/pages/[0-9a-f]{{32}}\.png")
        self.assertIn("GET: HTTP 200, image/png", words)
        self.assertIn("HEAD: HTTP 200, image/png", words)
        self.assertIn("removed again", words)
        self.assertEqual(os.listdir(server.pictures), [])
        self.assertEqual(os.listdir(site.store_folder / "published"), [])

    def test_what_is_wrong(self):
        server = publish_servers.Nginx()
        self.addCleanup(server.stop)
        site = self.pager(lambda s: server.publish(s, public_url=server.url + "/elsewhere/"))
        status, words = self.probe(site)
        self.assertEqual(status, 78, words)
        self.assertIn("GET: HTTP 404", words)
        self.assertIn("cannot be fetched from here", words)
        self.assertEqual(os.listdir(server.pictures), [], "it is removed all the same")
        (site.folder / "upload_headers").write_text("X-Upload-Token: wrong\n")
        status, words = self.probe(site)
        self.assertEqual(status, 78, words)
        self.assertIn("upload: HTTP 403", words)

    def test_a_folder(self):
        with tempfile.TemporaryDirectory(prefix="nt-www-") as www:
            site = self.pager({"directory": www, "public_url": f"http://127.0.0.1:{harness.free_port()}/m/"})
            status, words = self.probe(site)
            self.assertEqual(status, 78, words)
            self.assertIn("cannot be fetched from here", words)
            self.assertEqual(os.listdir(www), [])
