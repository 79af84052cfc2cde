"""Downloads that are killed at any byte, and two at once. QUIPU_KILLS: how many kills; the default test takes 10."""

import os
import random
import shutil
import signal
import time
import unittest

import hub_server
from hub_case import HubCase, noise

KILLS = int(os.environ.get("QUIPU_KILLS", "10"))
SIZE = 2_000_000
DATA = noise(SIZE, seed=7)
GET = ("download", "org/tiny", "--quant", "Q4_K_M", "-q")


class Resume(HubCase):
    def make_repositories(self):
        return {"org/tiny": hub_server.Repository({"tiny-Q4_K_M.gguf": DATA})}

    def setUp(self):
        super().setUp()
        self.sent = 0

        def paced(handler):
            # Every kilobyte counts, so that a test can wait for any of them.
            wanted = handler.wanted_range(DATA, '"a"')
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {wanted[0]}-{wanted[1]}/{SIZE}")
            handler.send_header("Content-Length", str(wanted[1] + 1 - wanted[0]))
            handler.send_header("ETag", '"a"')
            handler.end_headers()
            for at in range(wanted[0], wanted[1] + 1, 1000):
                with handler.server.lock:
                    while self.sent >= self.allowed:
                        handler.server.lock.release()
                        time.sleep(0.001)
                        handler.server.lock.acquire()
                    part = DATA[at:min(at + 1000, wanted[1] + 1)]
                    self.sent += len(part)
                handler.wfile.write(part)
            return True
        self.allowed = 1 << 60
        self.hub.cdn.fault = paced

    def partial(self):
        """Bytes that the note beside the partial file claims."""
        states = list(self.cache.glob("models--*/blobs/*.state"))
        data = states[0].read_bytes() if states else b""
        return sum(int.from_bytes(data[i:i + 8], "little") for i in range(288, len(data), 8))

    def test_killed_at_any_byte_it_goes_on_there(self):
        generator = random.Random(2026)
        for kill in range(KILLS):
            self.sent, self.allowed = 0, generator.randrange(1000, SIZE)
            process = self.start(*GET)
            end = time.monotonic() + 30
            while self.sent < self.allowed and time.monotonic() < end:
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            self.assertEqual(process.returncode, -signal.SIGKILL)
            self.assertEqual(self.blobs(), [])
            kept = self.partial()
            self.allowed = 1 << 60
            self.hub.signature = f"after-{kill}"  # requests of the killed process may still arrive

            output = self.quipu(*GET[:-1])
            self.assert_downloaded(output, DATA)

            ranges = [headers["Range"][6:].split("-") for path, headers in self.hub.cdn.requests
                      if path.endswith(f"=after-{kill}")]
            self.assertEqual(sum(int(last) - int(first) + 1 for first, last in ranges), SIZE - kept,
                             output.stderr)
            shutil.rmtree(self.cache)

    def test_an_interrupted_download_ends_with_130_and_goes_on_later(self):
        self.allowed = SIZE // 2
        process = self.start(*GET)
        while self.sent < self.allowed:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=10)

        self.assertEqual(process.returncode, 130)
        self.assertIn("stopped; the next download goes on from here", error)
        self.assertGreater(self.partial(), SIZE // 4)

        self.allowed = 1 << 60
        self.assert_downloaded(self.quipu(*GET), DATA)

    def test_of_two_at_once_one_downloads_and_both_have_it(self):
        self.allowed = SIZE // 2
        one, two = self.start(*GET[:-1]), self.start(*GET[:-1])
        while self.sent < self.allowed:
            time.sleep(0.001)
        time.sleep(0.3)
        self.allowed = 1 << 60
        outputs = [process.communicate(timeout=30) for process in (one, two)]

        self.assertEqual([one.returncode, two.returncode], [0, 0])
        self.assertEqual(outputs[0][0], outputs[1][0])
        self.assertEqual(sum("waiting for another process" in error for _, error in outputs), 1)
        ranges = [headers["Range"] for _, headers in self.hub.cdn.requests]
        self.assertEqual(len(ranges), len(set(ranges)))
        self.assert_nothing_corrupt()

    def test_a_holder_that_dies_is_taken_over_within_five_seconds(self):
        self.allowed = SIZE // 2
        holder = self.start(*GET)
        while self.sent < self.allowed:
            time.sleep(0.001)
        waiting = self.start(*GET)
        time.sleep(0.3)
        self.allowed = 1 << 60
        start = time.monotonic()
        holder.kill()
        holder.communicate()
        output, error = waiting.communicate(timeout=30)

        self.assertEqual(waiting.returncode, 0, error)
        self.assertLess(time.monotonic() - start, 5)
        self.assert_nothing_corrupt()


if __name__ == "__main__":
    unittest.main()
