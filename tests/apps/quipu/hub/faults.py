"""quipu download against servers, networks and disks that fail: a clear message, nothing corrupt, nothing lost."""

import hashlib
import itertools
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import hub_server
from hub_case import LIMITS, PROGRAM, HubCase, noise

DATA = noise(300_000)
GET = ("download", "org/tiny", "--quant", "Q4_K_M")


def first(count, fault):
    """The fault for the first `count` requests."""
    left = itertools.count(1)
    return lambda handler: next(left) <= count and (fault(handler) or True)


def breaking_off(data, etag):
    """Of every connection 30,000 bytes, and after four connections nothing."""
    left = itertools.count(1)
    return lambda handler: (handler.reply_bytes(data, etag, cut=30_000) if next(left) <= 4 else handler.reply(503)) or True


class FaultCase(HubCase):
    def ends_well(self, **environment):
        output = self.quipu(*GET, **environment)
        self.assert_downloaded(output, DATA)
        return output

    def fails(self, *messages, code=5, **environment):
        error = self.quipu(*GET, code=code, **environment).stderr
        for message in messages:
            self.assertIn(message, error)
        self.assertEqual(self.blobs(), [])
        self.assert_nothing_corrupt()
        return error


class Redirects(FaultCase):
    def redirect_all(self, location):
        self.hub.hub.fault = lambda handler: "/resolve/" in handler.path and (
            handler.reply(302, Location=location(handler.path)) or True)

    def test_a_loop_ends(self):
        self.redirect_all(lambda path: path)

        self.fails("expected at most 5 redirects, found more")
        self.assertLessEqual(sum("/resolve/" in path for path, _ in self.hub.hub.requests), 4 * 6)

    def test_five_hops_are_followed_and_six_are_not(self):
        digest = hashlib.sha256(DATA).hexdigest()
        for hops in (5, 6):
            def answer(handler, hops=hops):
                hop = int(handler.path.partition("hop=")[2] or 1)
                if "/resolve/" not in handler.path:
                    return False
                target = f"{handler.path.partition('?')[0]}?hop={hop + 1}"
                handler.reply(302, Location=target if hop < hops else f"{self.hub.cdn.url}/{digest}")
                return True
            self.hub.hub.fault = answer
            if hops == 5:
                self.ends_well()
                shutil.rmtree(self.cache)
        self.fails("expected at most 5 redirects")

    def test_other_schemes_are_refused(self):
        for location in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "//user:pw@127.0.0.1/x", ""):
            self.redirect_all(lambda path, location=location: location)
            self.fails("expected a redirect to an http(s) address")

    def test_a_signature_is_not_shown(self):
        self.hub.cdn.fault = lambda handler: handler.reply(403) or True

        self.assertNotIn("Signature", self.fails("HTTP 403"))


@unittest.skipUnless(shutil.which("openssl"), "needs openssl to make a certificate")
class Encrypted(FaultCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.TemporaryDirectory(prefix="quipu-test-")
        cls.addClassCleanup(cls.certificates.cleanup)
        cls.certificate, cls.key = (f"{cls.certificates.name}/{name}" for name in ("c.pem", "k.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                        "-keyout", cls.key, "-out", cls.certificate], check=True, capture_output=True)

    def serve(self, cdn_certificate):
        self.hub.close()
        self.hub = hub_server.Hub(self.make_repositories(), (self.certificate, self.key), cdn_certificate)
        self.addCleanup(self.hub.close)
        self.environment["HF_ENDPOINT"] = self.hub.url

    def test_each_variable_that_names_certificates_is_honoured(self):
        self.serve((self.certificate, self.key))

        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            self.ends_well(**{name: self.certificate})
        self.quipu(*GET, code=5)  # nobody has vouched for it

    def test_a_redirect_out_of_the_encryption_is_refused(self):
        self.serve(None)

        self.fails("expected a redirect that stays encrypted", SSL_CERT_FILE=self.certificate)
        self.assertEqual(self.hub.cdn.requests, [])


class Answers(FaultCase):
    def test_busy_servers_are_asked_again(self):
        for status in (429, 500, 502, 503, 504):
            for server in (self.hub.hub, self.hub.cdn):
                server.fault = first(2, lambda handler, status=status: handler.reply(status))
                self.ends_well()
                server.fault = None
                shutil.rmtree(self.cache)

    def test_retry_after_is_waited_for(self):
        self.hub.cdn.fault = first(1, lambda handler: handler.reply(429, Retry_After="1"))

        start = time.monotonic()
        output = self.ends_well()

        self.assertGreaterEqual(time.monotonic() - start, 1)
        self.assertIn("HTTP 429", output.stderr)
        self.assertIn("trying again in 1 s", output.stderr)

    def test_a_server_that_asks_for_hours_is_given_up(self):
        self.hub.hub.fault = lambda handler: handler.reply(429, Retry_After="7200") or True

        self.fails("the server asks to wait 7200 s")

    def test_a_server_that_stays_broken_is_given_up(self):
        self.hub.cdn.fault = lambda handler: handler.reply(503) or True

        self.fails("HTTP 503", "gave up after 4 attempts")

    def test_a_stall_is_noticed(self):
        def stall(handler):
            handler.send_response(206)
            handler.send_header("Content-Length", "65536")
            handler.send_header("Content-Range", f"bytes 0-65535/{len(DATA)}")
            handler.end_headers()
            handler.wfile.write(DATA[:1000])
            time.sleep(20)  # libcurl takes the average of five seconds, then waits for the one of the limit
            handler.close_connection = True
        self.hub.cdn.fault = lambda handler: handler.headers.get("Range") == "bytes=0-65535" and (stall(handler) or True)

        output = self.ends_well(QUIPU_HUB_LIMITS=LIMITS.replace("stall=20", "stall=1"))

        self.assertIn("Operation too slow", output.stderr)
        self.assertIn("bytes=1000-65535", [headers["Range"] for _, headers in self.hub.cdn.requests])

    def test_short_bodies_are_completed(self):
        sizes = itertools.cycle((0, 1, 999, 40_000))
        short = first(6, lambda handler: handler.reply_bytes(DATA, f'"{hashlib.sha256(DATA).hexdigest()[:32]}"',
                                                             cut=next(sizes)))
        self.hub.cdn.fault = short

        self.ends_well()

    def test_a_server_without_ranges_is_read_from_the_beginning(self):
        def whole(handler):
            del handler.headers["Range"]
            handler.reply_bytes(DATA, '"x"')
        self.hub.cdn.fault = lambda handler: whole(handler) or True

        self.ends_well()

    def test_lies_about_the_range_are_noticed(self):
        etag = f'"{hashlib.sha256(DATA).hexdigest()[:32]}"'
        for lie in ("bytes 1-65536/300000", "bytes 0-65535/300001", "bytes 0-65534/300000", "bytes */300000", "chairs 0-1/2",
                    "bytes 0-65535", "bytes 18446744073709551616-1/2", ""):
            def answer(handler, lie=lie):
                wanted = handler.wanted_range(DATA, etag)
                handler.reply(206, DATA[wanted[0]:wanted[1] + 1], Content_Range=lie, ETag=etag)
                return True
            self.hub.cdn.fault = answer
            self.fails("Content-Range: expected bytes")

    def test_more_bytes_than_were_asked_for_are_refused(self):
        def answer(handler):
            a, b = handler.wanted_range(DATA, "")
            handler.reply(206, DATA[a:b + 1] + b"more", Content_Range=f"bytes {a}-{b}/{len(DATA)}")
            return True
        self.hub.cdn.fault = answer

        self.fails("and no more, found more")

    def test_compressed_bytes_are_refused(self):
        self.hub.cdn.fault = lambda handler: handler.reply(206, b"x" * 65536, Content_Encoding="gzip",
                                                           Content_Range=f"bytes 0-65535/{len(DATA)}") or True

        self.fails("expected no Content-Encoding, found gzip")

    def test_wrong_bytes_never_get_the_name(self):
        other = noise(300_000, seed=2)
        self.hub.cdn.fault = lambda handler: handler.reply_bytes(other, '"x"') or True

        self.fails("expected the digest", "its bytes were thrown away")
        self.assertEqual(list(self.cache.glob("models--*/snapshots/*/*")), [])

    def test_headers_and_error_pages_without_end_are_cut_off(self):
        def pages(handler):
            handler.send_response(404)
            handler.end_headers()
            while True:
                handler.wfile.write(b"x" * 65536)
        self.hub.cdn.fault = lambda handler: pages(handler) or True
        self.fails("a page that does not end")

        def headers(handler):
            handler.send_response(206)
            for i in range(3000):
                handler.send_header(f"X-{i}", "y" * 100)
            handler.end_headers()
        self.hub.cdn.fault = lambda handler: headers(handler) or True
        self.fails("bytes of headers")


class Changes(FaultCase):
    def test_a_file_that_changed_between_attempts_is_fetched_whole(self):
        self.hub.cdn.fault = breaking_off(DATA, '"a"')
        self.quipu(*GET, code=5)
        newer = noise(280_000, seed=3)
        self.hub.repositories["org/tiny"].files["tiny-Q4_K_M.gguf"] = newer
        self.hub.repositories["org/tiny"].commit = "2" * 40
        self.hub.cdn.fault = None

        self.assert_downloaded(self.quipu(*GET), newer)

    def test_bytes_of_another_version_are_not_glued(self):
        # The server had other bytes under the same address before, and breaks off.
        other = noise(300_000, seed=4)
        self.hub.cdn.fault = breaking_off(other, '"other"')
        self.quipu(*GET, code=5)
        self.hub.cdn.requests.clear()
        self.hub.cdn.fault = None

        self.ends_well()

        self.assertEqual(self.hub.cdn.requests[0][1]["If-Range"], '"other"')

    def test_bytes_without_an_etag_are_not_glued_either(self):
        other = noise(300_000, seed=4)
        self.hub.cdn.fault = breaking_off(other, 'W/"weak"')
        self.quipu(*GET, code=5)
        self.hub.cdn.fault = None

        self.assertIn("are fetched again", self.ends_well().stderr)

    def test_a_file_that_always_changes_is_given_up(self):
        etags = itertools.count()
        self.hub.cdn.fault = lambda handler: handler.reply_bytes(DATA, f'"{next(etags)}"') or True

        self.fails("expected a file that stays the same, found it changed again and again")

    def test_a_changed_file_under_our_hands_is_begun_anew(self):
        etags = itertools.chain(['"a"', '"b"', '"c"', '"d"'], itertools.repeat('"last"'))

        def answer(handler):
            del handler.headers["If-Range"]  # a server that does not know it
            handler.reply_bytes(DATA, next(etags))
            return True
        self.hub.cdn.fault = answer

        self.assertIn("beginning anew", self.ends_well().stderr)


class Everything(FaultCase):
    def test_no_mixture_of_faults_leaves_a_corrupt_file(self):
        for trial in range(int(os.environ.get("QUIPU_TRIALS", "10"))):
            generator, lock = random.Random(trial), threading.Lock()
            old = noise(300_000, seed=9)

            def misbehave(handler):
                with lock:
                    fault, cut = generator.randrange(14), generator.randrange(70_000)
                etag = f'"{hashlib.sha256(DATA).hexdigest()[:32]}"'
                wanted = handler.wanted_range(DATA, etag) or (0, len(DATA) - 1)
                body = DATA[wanted[0]:wanted[1] + 1]
                if fault == 0:
                    handler.reply(random.Random(cut).choice((429, 500, 502, 503, 504)))
                elif fault == 1:
                    handler.reply(416)
                elif fault == 2:
                    del handler.headers["Range"]
                    handler.reply_bytes(DATA, etag, cut=cut)
                elif fault in (3, 4, 5):
                    handler.reply_bytes(DATA, etag, cut=cut)
                elif fault == 6:
                    handler.reply_bytes(old, etag, cut=cut)
                elif fault == 7:
                    handler.reply_bytes(old, '"old"')
                elif fault == 8:
                    handler.reply(206, body[:cut], Content_Range=f"bytes {wanted[0]}-{wanted[1]}/{len(DATA)}", ETag=etag)
                elif fault == 9:
                    handler.reply(206, body, Content_Range=f"bytes {wanted[0] + 1}-{wanted[1]}/{len(DATA)}", ETag=etag)
                elif fault == 10:
                    handler.close_connection = True
                return fault <= 10

            for _ in range(20):
                self.hub.cdn.fault = misbehave
                result = subprocess.run([PROGRAM, *GET], env=self.environment, text=True, capture_output=True, timeout=60)
                self.assertIn(result.returncode, (0, 5), result.stderr)
                self.assertTrue(result.returncode == 0 or result.stderr.splitlines()[-1].startswith("quipu: "))
                self.assertEqual(len(self.blobs()), 1 - result.returncode // 5)
                self.assert_nothing_corrupt()
                if result.returncode == 0:
                    break
            self.hub.cdn.fault = None
            self.ends_well()
            shutil.rmtree(self.cache)


class Hostile(FaultCase):
    NAMES = ("../../x.gguf", "/etc/x.gguf", "a/../../x.gguf", "a\0b.gguf", "%2e%2e/x.gguf", "a%2Fb.gguf", "x.gguf.", "x.gguf ",
             "a//b.gguf", "./x.gguf", "..", "", "a\\..\\b.gguf", "a\nb.gguf", "x" * 256 + ".gguf", "a/" * 600 + "b.gguf")

    def entry(self, name, **fields):
        return {"rfilename": name, "size": 3, "blobId": "3" * 40, "lfs": {"sha256": "4" * 64, "size": 3}} | fields

    def test_names_that_lead_elsewhere_are_refused_by_name(self):
        self.hub.repositories["org/tiny"].extra = [self.entry(name) for name in self.NAMES]

        listing = self.quipu("download", "org/tiny")

        self.assertEqual(listing.stderr.count("warning: refused: "), len(self.NAMES))
        self.assertEqual(len(listing.stdout.splitlines()), 1)
        for name in self.NAMES:
            if name and "\0" not in name:
                self.quipu("download", "org/tiny", "--file", name, code=3)
        self.assertFalse((self.folder / "x.gguf").exists())
        self.ends_well()

    def test_digests_that_are_none_are_refused(self):
        digests = ("../../../../x", "4" * 63, "4" * 65, "4" * 63 + "G", "4" * 63 + "A", "", "sha256:" + "4" * 64, None, 4)
        self.hub.repositories["org/tiny"].extra = [
            self.entry(f"{i}.gguf", lfs={"sha256": digest, "size": 3}) for i, digest in enumerate(digests)]

        listing = self.quipu("download", "org/tiny")

        self.assertEqual(listing.stderr.count("expected a digest of 64 digits"), len(digests))

    def test_sizes_that_cannot_be_are_refused(self):
        sizes = (-1, 2**63, 2**64, 1e30, "3", None, 1.5, 2**51)
        self.hub.repositories["org/tiny"].extra = [
            self.entry(f"{i}.gguf", lfs={"sha256": "4" * 64, "size": size}, size=size) for i, size in enumerate(sizes)]

        listing = self.quipu("download", "org/tiny")

        self.assertEqual(listing.stderr.count("expected its size in bytes"), len(sizes))

    def test_answers_that_are_no_listing_are_refused(self):
        answers = (b"", b"{", b"[]", b"null", b'{"sha": "../x", "siblings": []}', b'{"sha": "' + b"1" * 40 + b'"}',
                   b'{"sha": "' + b"1" * 40 + b'", "siblings": {}}', b"[" * 100_000, b"<html>", b"\xff\xfe")
        for answer in answers:
            self.hub.hub.fault = lambda handler, answer=answer: handler.reply(200, answer) or True
            self.assertIn("the hub's answer: ", self.fails())

    def test_a_file_that_is_there_twice_is_refused(self):
        self.hub.repositories["org/tiny"].extra = [self.entry("tiny-Q4_K_M.gguf")]

        self.assertIn("it is there twice", self.quipu("download", "org/tiny").stderr)


class Disk(FaultCase):
    def test_a_file_that_may_not_grow_is_a_message_and_goes_on_later(self):
        for blocks in (1, 64, 200, 500, 585):  # of 512 bytes; the file has 586
            limited = subprocess.run(["sh", "-c", f'ulimit -f {blocks}; exec "$0" "$@"', PROGRAM, *GET],
                                     env=self.environment, text=True, capture_output=True, timeout=60)
            self.assertEqual(limited.returncode, 5, limited.stderr)
            self.assertRegex(limited.stderr, "cannot write: File too large")
            self.assertEqual(self.blobs(), [])

        self.ends_well()

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small file system")
    def test_a_full_disk_is_said_before_it_is_full(self):
        self.cache.mkdir()
        mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", self.cache], capture_output=True)
        if mount.returncode:
            self.skipTest("cannot mount")
        self.addCleanup(subprocess.run, ["umount", self.cache])

        self.fails("300000 bytes are needed in", "are free")
        self.assertEqual(self.hub.cdn.requests, [])

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a small file system")
    def test_a_disk_that_fills_up_meanwhile_loses_nothing(self):
        self.cache.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", self.cache], capture_output=True).returncode:
            self.skipTest("cannot mount")
        self.addCleanup(subprocess.run, ["umount", self.cache])
        ballast = self.cache / "ballast"
        self.hub.cdn.fault = first(1, lambda handler: ballast.write_bytes(bytes(250_000)) and handler.reply(503))

        self.fails("cannot write: No space left on device", QUIPU_HUB_LIMITS="chunk=300000")
        ballast.unlink()
        self.hub.cdn.requests.clear()

        self.ends_well()
        self.assertNotEqual(self.hub.cdn.requests[0][1]["Range"], "bytes=0-299999")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_cache_that_is_read_only_serves_and_refuses_new_files(self):
        self.ends_well()
        self.read_only()

    def read_only(self):
        for path in [self.cache, *self.cache.glob("**/*")]:
            if path.is_dir():
                path.chmod(0o555)
                self.addCleanup(path.chmod, 0o755)
        self.ends_well()
        self.assertIn("Permission denied",
                      self.quipu("download", "org/tiny", "--file", "README.md", code=5).stderr)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount read-only")
    def test_a_read_only_mount_serves_and_refuses_new_files(self):
        self.ends_well()
        if subprocess.run(["mount", "--bind", self.cache, self.cache], capture_output=True).returncode:
            self.skipTest("cannot mount")
        self.addCleanup(subprocess.run, ["umount", self.cache])
        subprocess.run(["mount", "-o", "remount,ro,bind", self.cache], check=True)

        self.ends_well()
        self.assertIn("Read-only file system",
                      self.quipu("download", "org/tiny", "--file", "README.md", code=5).stderr)

    def test_a_blob_of_the_wrong_size_is_replaced(self):
        self.ends_well()
        self.blobs()[0].write_bytes(b"short")

        self.assertIn("expected 300000 bytes, found 5", self.ends_well().stderr)

    def test_a_damaged_note_of_what_is_there_costs_the_bytes_and_no_more(self):
        for damage in (b"", b"x", bytes(1000), os.urandom(400)):
            self.hub.cdn.fault = breaking_off(DATA, '"a"')
            self.quipu(*GET, code=5)
            state = next(self.cache.glob("models--*/blobs/*.state"))
            state.write_bytes(damage)
            self.hub.cdn.fault = None
            self.ends_well()
            shutil.rmtree(self.cache)

    def test_no_home_and_no_cache_is_said(self):
        del self.environment["HOME"], self.environment["HF_HUB_CACHE"]

        self.fails("expected HF_HUB_CACHE, HF_HOME or HOME, found none of them set")


if __name__ == "__main__":
    unittest.main()
