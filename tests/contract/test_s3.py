"""Pictures in a bucket of a real S3 server that verifies signatures and has a clock (npm @20minutes/s3rver)."""

import hashlib
import re

import harness
import publish_servers
import test_publish

PICTURE = test_publish.PICTURE


class Buckets(test_publish.Publishing):
    def s3(self, **kwargs):
        server = publish_servers.S3(**kwargs)
        self.addCleanup(server.stop)
        return server

    def test_a_signed_link_serves_the_picture_and_nothing_else(self):
        s3 = self.s3()
        site = self.pager(s3.publish)
        url = self.links(self.page(site)[0])
        self.assertTrue(url.startswith(f"{s3.url}/graphs/"), url)
        self.assertRegex(url, r"&X-Amz-Expires=86400&")
        status, headers, body = publish_servers.fetch(url)
        self.assertEqual((status, headers["Content-Type"], body), (200, "image/png", PICTURE))
        plain = url.partition("?")[0]
        self.assertEqual(publish_servers.fetch(plain)[0], 403)
        other = re.sub(r"[0-9a-f]{32}\.png", "0" * 32 + ".png", url)
        self.assertEqual(publish_servers.fetch(other)[0], 403)
        self.assertEqual(publish_servers.fetch(url.replace("Expires=86400", "Expires=604800"))[0], 403)
        # the signature is GET's
        self.assertEqual(publish_servers.fetch(url, "HEAD")[0], 403)

        [put] = s3.requests("PUT", 1)
        self.assertEqual(put["status"], 200)
        self.assertEqual(put["headers"]["x-amz-content-sha256"], hashlib.sha256(PICTURE).hexdigest())
        self.assertEqual(put["headers"]["content-type"], "image/png")
        self.assertEqual(list(s3.objects().values()), [PICTURE])
        self.nowhere(site, publish_servers.SECRET, "s3_secret")

    def test_a_signed_link_ends(self):
        s3 = self.s3()
        site = self.pager(lambda s: {**s3.publish(s), "keep": "6h"})
        url = self.links(self.page(site)[0])
        self.assertRegex(url, r"&X-Amz-Expires=21600&")
        s3.clock(6 * 3600 - 300)
        self.assertEqual(publish_servers.fetch(url)[0], 200)
        s3.clock(6 * 3600 + 300)
        status, _, body = publish_servers.fetch(url)
        self.assertEqual(status, 403)
        self.assertIn(b"Request has expired", body)

    def test_the_wrong_secret(self):
        s3 = self.s3(secret="AnotherSecretKeyThatIsNotOursAtAll000000")
        site = self.pager(s3.publish)
        site.serve()
        self.text_alone(site, r"cpu: upload: HTTP 403 \(SignatureDoesNotMatch\)")
        self.assertEqual(s3.objects(), {})
        self.nowhere(site, publish_servers.SECRET, "s3_secret")

    def test_an_unknown_key(self):
        s3 = self.s3()
        site = self.pager(lambda s: s3.publish(s, access_key_id="AKIA0000000000000000"))
        self.text_alone(site, r"cpu: upload: HTTP 403 \(InvalidAccessKeyId\)")

    def test_a_bucket_that_is_not_there(self):
        s3 = self.s3()
        site = self.pager(lambda s: s3.publish(s, bucket="others"))
        self.text_alone(site, r"cpu: upload: HTTP 404 \(NoSuchBucket\)")

    def test_a_clock_that_is_wrong(self):
        for seconds in (3600, -3600):
            s3 = self.s3()
            s3.clock(seconds)
            site = self.pager(s3.publish)
            self.text_alone(site, r"cpu: upload: HTTP 403 \(RequestTimeTooSkewed\)")
            self.assertEqual(s3.objects(), {})

    def test_without_a_secret(self):
        s3 = self.s3()
        site = self.pager(s3.publish)
        (site.folder / "s3_secret").unlink()
        self.text_alone(site, "there is no secret for the key " + publish_servers.KEY_ID)
        self.assertEqual(s3.requests(), [])

    def test_odd_names(self):
        s3 = self.s3()
        for prefix in ("pages/", "/pages/", "a b+c=d&e/%41/", "\u00e9\u20ac/(x)!*'~$,;:@/", "page-"):
            with self.subTest(prefix):
                site = self.pager(lambda s: s3.publish(s, prefix=prefix))
                url = self.links(self.page(site)[0])
                self.assertEqual(publish_servers.fetch(url)[::2], (200, PICTURE))
                expected = prefix.lstrip("/")
                self.assertEqual([n for n in s3.objects() if not n.startswith(expected)], [])
                self.delete_all(site, s3)

    def delete_all(self, site, s3):
        """By retention: a day from now."""
        notes = site.store_folder / "published"
        self.alone(site)
        for note in notes.iterdir():
            test_publish.age(note, 2 * 86400)
        self.flush(site)
        self.assertEqual(s3.objects(), {})
        self.assertEqual(list(notes.iterdir()), [])
        self.assertEqual(s3.requests("DELETE", 1)[-1]["status"], 204)

    def test_a_public_address(self):
        s3 = self.s3()
        s3.tell(public=True)
        site = self.pager(lambda s: s3.publish(s, prefix="pages/", public_url=f"{s3.url}/graphs"))
        url = self.links(self.page(site)[0])
        self.assertRegex(url, r"/graphs/pages/[0-9a-f]{32}\.png$")
        for method, body in (("GET", PICTURE), ("HEAD", b"")):
            status, headers, got = publish_servers.fetch(url, method)
            self.assertEqual((status, headers["Content-Type"], got), (200, "image/png", body))

    def test_the_bucket_in_the_host_s_name(self):
        s3 = self.s3(tls="s3.localhost")
        site = self.pager(s3.publish, twilio={"ca_file": str(s3.ca_file)})
        url = self.links(self.page(site)[0])
        self.assertTrue(url.startswith(f"https://graphs.s3.localhost:{s3.port}/"), url)
        status, headers, body = publish_servers.fetch(url, host="127.0.0.1", ca_file=s3.ca_file)
        self.assertEqual((status, headers["Content-Type"], body), (200, "image/png", PICTURE))
        self.delete_all(site, s3)

    def test_a_certificate_that_is_not_trusted(self):
        s3 = self.s3(tls="s3.localhost")
        site = self.pager(s3.publish)
        self.text_alone(site, "cpu: upload: .*certificate")
        self.assertEqual(s3.requests(), [])

    def test_a_probe(self):
        s3 = self.s3()
        site = self.pager(s3.publish)
        done = site.run("config", "check", "--probe")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("GET: HTTP 200, image/png", done.stdout)
        self.assertIn("HEAD: HTTP 403", done.stdout)
        self.assertIn("a signed address answers GET alone", done.stdout)
        self.assertEqual(s3.objects(), {})
        self.assertNotIn(publish_servers.SECRET, done.stdout + done.stderr)
