"""A test case with a hub, a cache of its own, and the program."""

import hashlib
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

import hub_server

PROGRAM = os.environ["QUIPU_PROGRAM"]
MODELS = pathlib.Path(os.environ["QUIPU_TEST_DATA"]) / "models"

# A repeated attempt comes at once, chunks are small enough for several. A machine that is busy with other tests does not
# look like a stall.
LIMITS = "stall=20 connect=20 attempts=4 backoff=10 chunk=65536 connections=4"


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


class HubCase(unittest.TestCase):
    repositories = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="quipu-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.cache = self.folder / "cache"
        self.hub = hub_server.Hub(self.make_repositories())
        self.addCleanup(self.hub.close)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "HF_HUB_CACHE": str(self.cache),
            "HF_ENDPOINT": self.hub.url, "QUIPU_HUB_LIMITS": LIMITS, "QUIPU_CONFIG": "/dev/null", "no_proxy": "*",
        }
        for name in ("LD_LIBRARY_PATH", "ASAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def make_repositories(self):
        return {"org/tiny": hub_server.Repository({"tiny-Q4_K_M.gguf": noise(300_000), "README.md": b"# tiny\n"})}

    def quipu(self, *words, code=0, **environment):
        result = subprocess.run([PROGRAM, *map(str, words)], env=self.environment | environment, text=True,
                                capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result

    def start(self, *words, **environment):
        return subprocess.Popen([PROGRAM, *map(str, words)], env=self.environment | environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def blobs(self, repository="org/tiny"):
        """Files of the cache that have their final name."""
        folder = self.cache / ("models--" + repository.replace("/", "--")) / "blobs"
        return sorted(path for path in folder.glob("*") if len(path.name) in (40, 64)) if folder.exists() else []

    def assert_nothing_corrupt(self):
        for path in self.cache.glob("models--*/blobs/*"):
            data = path.read_bytes()
            if len(path.name) == 64:
                self.assertEqual(hashlib.sha256(data).hexdigest(), path.name)
            if len(path.name) == 40:
                self.assertEqual(hub_server.git_blob_digest(data), path.name)
        for path in self.cache.glob("models--*/snapshots/**/*"):
            self.assertTrue(path.exists(), f"{path} leads nowhere")

    def assert_downloaded(self, output, data):
        path = pathlib.Path(output.stdout.strip())
        self.assertEqual(path.read_bytes(), data)
        self.assert_nothing_corrupt()
