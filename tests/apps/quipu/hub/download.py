"""quipu download against a hub that behaves."""

import hashlib
import json
import os
import pathlib
import pty
import subprocess
import time
import unittest

import hub_server
from hub_case import PROGRAM, HubCase, noise


class Listing(HubCase):
    def make_repositories(self):
        files = {f"m-{quant}.gguf": noise(size) for quant, size in
                 (("Q2_K", 1000), ("Q4_K_M", 2000), ("Q8_0", 4_500_000))}
        files |= {f"big/m-BF16-0000{i}-of-00002.gguf": noise(100 * i) for i in (1, 2)}
        files |= {"mmproj-m-f16.gguf": b"x", "README.md": b"# m\n"}
        return {"org/m": hub_server.Repository(files)}

    def test_a_repository_is_listed_with_sizes_and_quants(self):
        text = self.quipu("download", "org/m").stdout

        self.assertRegex(text, r"(?m)^ +2\.0 kB  Q4_K_M +m-Q4_K_M\.gguf$")
        self.assertRegex(text, r"(?m)^ +4\.5 MB  Q8_0 +m-Q8_0\.gguf$")
        self.assertRegex(text, r"(?m)^ +300 B  BF16 +big/m-BF16-00001-of-00002\.gguf \(first of 2 parts\)$")
        self.assertNotIn("mmproj", text)
        self.assertEqual(list(self.cache.glob("models--*")), [])

    def test_json_has_every_file(self):
        listing = json.loads(self.quipu("download", "org/m", "--json").stdout)

        self.assertEqual(listing["commit"], "1" * 40)
        self.assertEqual(len(listing["files"]), 7)
        by_name = {file["name"]: file for file in listing["files"]}
        self.assertEqual(by_name["m-Q2_K.gguf"], {"name": "m-Q2_K.gguf", "bytes": 1000, "quant": "Q2_K",
                                                  "digest": hashlib.sha256(noise(1000)).hexdigest()})

    def test_all_parts_of_a_split_model_come(self):
        result = json.loads(self.quipu("download", "org/m", "--quant", "bf16", "--json").stdout)

        self.assertEqual([pathlib.Path(file).name for file in result["files"]],
                         ["m-BF16-00001-of-00002.gguf", "m-BF16-00002-of-00002.gguf"])
        self.assertEqual([pathlib.Path(file).read_bytes() for file in result["files"]], [noise(100), noise(200)])

    def test_a_quant_that_is_not_there_names_those_that_are(self):
        error = self.quipu("download", "org/m:Q5_K_M", code=2).stderr

        self.assertIn("expected a file in Q5_K_M, found BF16, Q2_K, Q4_K_M, Q8_0", error)

    def test_search_shows_what_the_hub_has(self):
        self.assertRegex(self.quipu("models", "search", "M").stdout, r"(?m)^org/m +100 +7 +2025-06-01$")
        self.assertEqual(self.quipu("models", "search", "absent").stdout, "nothing found\n")


class Download(HubCase):
    def test_a_file_lies_where_hugging_face_tools_look_for_it(self):
        data = noise(300_000)

        output = self.quipu("download", "org/tiny", "--quant", "Q4_K_M")

        self.assert_downloaded(output, data)
        folder = self.cache / "models--org--tiny"
        digest = hashlib.sha256(data).hexdigest()
        link = folder / "snapshots" / ("1" * 40) / "tiny-Q4_K_M.gguf"
        self.assertEqual(os.readlink(link), f"../../blobs/{digest}")
        self.assertEqual((folder / "refs/main").read_text(), "1" * 40)
        self.assertEqual([path.name for path in (folder / "blobs").iterdir()], [digest])

    def test_it_comes_in_several_ranges(self):
        self.quipu("download", "org/tiny", "--quant", "Q4_K_M")

        ranges = sorted(headers["Range"] for _, headers in self.hub.cdn.requests)
        self.assertEqual(ranges, ["bytes=0-65535", "bytes=131072-196607", "bytes=196608-262143",
                                  "bytes=262144-299999", "bytes=65536-131071"])

    def test_what_is_there_is_not_fetched_again(self):
        self.quipu("download", "org/tiny", "--quant", "Q4_K_M")
        before = len(self.hub.cdn.requests)

        self.quipu("download", "org/tiny", "--quant", "Q4_K_M")

        self.assertEqual(len(self.hub.cdn.requests), before)

    def test_another_commit_with_the_same_bytes_needs_no_download(self):
        self.quipu("download", "org/tiny", "--quant", "Q4_K_M")
        before = len(self.hub.cdn.requests)
        self.hub.repositories["org/tiny"].commit = "2" * 40

        self.assert_downloaded(self.quipu("download", "org/tiny", "--quant", "Q4_K_M"), noise(300_000))

        self.assertEqual(len(self.hub.cdn.requests), before)
        self.assertEqual((self.cache / "models--org--tiny/refs/main").read_text(), "2" * 40)

    def test_a_small_file_is_checked_as_git_names_it(self):
        self.assert_downloaded(self.quipu("download", "org/tiny", "--file", "README.md"), b"# tiny\n")

    def test_an_empty_file_is_a_file(self):
        self.hub.repositories["org/tiny"].files["empty.txt"] = b""

        self.assert_downloaded(self.quipu("download", "org/tiny", "--file", "empty.txt"), b"")

    def test_output_names_a_folder_instead_of_the_cache(self):
        output = self.quipu("download", "org/tiny", "--quant", "Q4_K_M", "--output", self.folder / "here")

        self.assertEqual(output.stdout.strip(), str(self.folder / "here/tiny-Q4_K_M.gguf"))
        self.assertEqual((self.folder / "here/tiny-Q4_K_M.gguf").read_bytes(), noise(300_000))
        self.assertEqual(os.listdir(self.folder / "here"), ["tiny-Q4_K_M.gguf"])
        self.assertFalse(self.cache.exists())

    def test_output_replaces_nobody_elses_file(self):
        (self.folder / "README.md").write_text("mine, and longer")

        error = self.quipu("download", "org/tiny", "--file", "README.md", "--output", self.folder, code=5).stderr

        self.assertIn("README.md: expected nothing or the hub's file, found another one", error)
        self.assertEqual((self.folder / "README.md").read_text(), "mine, and longer")

    def test_a_revision_is_a_branch_a_tag_or_a_commit(self):
        self.hub.repositories["org/tiny"].refs.add("refs/pr/1")

        self.quipu("download", "org/tiny", "--file", "README.md", "--revision", "refs/pr/1")
        self.quipu("download", "org/tiny", "--file", "README.md", "--revision", "1" * 40)

        refs = self.cache / "models--org--tiny/refs"
        self.assertEqual((refs / "refs/pr/1").read_text(), "1" * 40)
        self.assertEqual([path.name for path in refs.iterdir()], ["refs"])
        self.assertIn("HTTP 404", self.quipu("download", "org/tiny", "--revision", "absent", code=5).stderr)
        self.assertIn("leads out of its folder",
                      self.quipu("download", "org/tiny", "--revision", "../x", code=2).stderr)

    def test_offline_means_no_connection_at_all(self):
        error = self.quipu("download", "org/tiny", code=5, HF_HUB_OFFLINE="1").stderr

        self.assertIn("HF_HUB_OFFLINE is set", error)
        self.assertEqual(self.hub.hub.requests, [])

    def test_progress_is_drawn_on_a_terminal_alone(self):
        self.hub.cdn.fault = lambda _: time.sleep(0.15)
        ours, theirs = pty.openpty()
        os.set_blocking(ours, False)
        result = subprocess.run([PROGRAM, "download", "org/tiny", "--quant", "Q4_K_M"], stdout=subprocess.PIPE, stderr=theirs,
                                env=self.environment | {"QUIPU_HUB_LIMITS": "chunk=100000 connections=1"})
        drawn = os.read(ours, 1 << 20).decode()

        self.assertEqual(result.returncode, 0, drawn)
        self.assertRegex(drawn, r"\[#*\.*\] +\d+ %.* of 300\.0 kB, \d+\.\d kB/s")
        self.assertNotIn("%", self.quipu("download", "org/tiny", "--file", "README.md").stderr)

    def test_a_repository_that_was_renamed_is_found(self):
        self.hub.hub.fault = lambda handler: "org/old" in handler.path and (
            handler.reply(307, Location=handler.path.replace("org/old", "org/tiny")) or True)

        self.assert_downloaded(self.quipu("download", "org/old:Q4_K_M"), noise(300_000))

    def test_stdout_holds_the_path_alone_and_quiet_says_nothing(self):
        output = self.quipu("download", "org/tiny", "--quant", "Q4_K_M", "-q")

        self.assertEqual(output.stderr, "")
        self.assertEqual(len(output.stdout.splitlines()), 1)


class Access(HubCase):
    def test_a_repository_that_is_not_there_is_named(self):
        error = self.quipu("download", "org/absent", code=5).stderr

        self.assertIn("quipu: org/absent at main: HTTP 401", error)
        self.assertIn("private, gated, or not there, then set HF_TOKEN", error)

    def test_a_gated_repository_says_what_to_do(self):
        self.hub.repositories["org/tiny"].gated = "manual"

        error = self.quipu("download", "org/tiny", "--quant", "Q4_K_M", code=5).stderr

        self.assertIn("the repository is gated: ask for access on its page, then set HF_TOKEN", error)
        self.assertEqual(self.blobs(), [])

    def test_a_token_opens_it_and_stays_on_the_hub(self):
        self.hub.repositories["org/tiny"].gated = "manual"

        self.assert_downloaded(self.quipu("download", "org/tiny", "--quant", "Q4_K_M", HF_TOKEN="secret"),
                               noise(300_000))

        self.assertTrue(all(headers["Authorization"] == "Bearer secret" for _, headers in self.hub.hub.requests))
        self.assertTrue(self.hub.cdn.requests)
        self.assertFalse(any("Authorization" in headers for _, headers in self.hub.cdn.requests))

    def test_the_token_file_counts_too(self):
        (self.folder / "hf").mkdir()
        (self.folder / "hf/token").write_text("secret\n")

        self.quipu("download", "org/tiny", HF_HOME=str(self.folder / "hf"))

        self.assertEqual(self.hub.hub.requests[0][1]["Authorization"], "Bearer secret")

    def test_a_token_with_a_line_break_makes_no_header(self):
        error = self.quipu("download", "org/tiny", code=2, HF_TOKEN="a\r\nX-Evil: 1").stderr

        self.assertIn("HF_TOKEN: expected letters, digits and signs", error)
        self.assertEqual(self.hub.hub.requests, [])

    def test_a_proxy_is_asked_when_the_environment_names_one(self):
        self.quipu("download", "org/tiny", code=5, HF_ENDPOINT="http://hub.invalid", http_proxy=self.hub.url, no_proxy="")

        self.assertTrue(self.hub.hub.requests[0][0].startswith("http://hub.invalid/api/models/org/tiny"))


if __name__ == "__main__":
    unittest.main()
