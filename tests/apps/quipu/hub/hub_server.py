"""A hub on 127.0.0.1 for tests: the API and the files on one port, the bytes of large files on another, as the real hub
sends them from another host. Both note every request; a test makes either misbehave."""

import hashlib
import http.server
import json
import re
import ssl
import threading
import urllib.parse


def git_blob_digest(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        with server.lock:
            server.requests.append((self.path, dict(self.headers)))
        try:
            if not (server.fault and server.fault(self)):
                server.answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_HEAD(self):  # huggingface_hub begins with it
        self.do_GET()

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reply_json(self, value):
        self.reply(200, json.dumps(value).encode(), Content_Type="application/json")

    def wanted_range(self, data, etag):
        """[first, last] when a range is asked for that still holds, else None."""
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not match or self.headers.get("If-Range", etag) != etag:
            return None
        return int(match[1]), min(int(match[2]), len(data) - 1)

    def reply_bytes(self, data, etag, cut=None, **more):
        """The range that is asked for. `cut`: so many bytes, then the connection ends."""
        wanted = self.wanted_range(data, etag)
        headers = {"ETag": etag, "Accept_Ranges": "bytes"} | more
        if wanted:
            if wanted[0] >= len(data):
                return self.reply(416, Content_Range=f"bytes */{len(data)}")
            headers["Content_Range"] = f"bytes {wanted[0]}-{wanted[1]}/{len(data)}"
            body = data[wanted[0]:wanted[1] + 1]
        else:
            body = data
        self.send_response(206 if wanted else 200)
        if self.command == "HEAD":
            cut = 0
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None
        return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        self.answer = answer
        self.fault = None  # called with the handler; True when it has answered
        self.requests = []
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass  # clients that break off are what is tested

    def close(self):
        self.shutdown()
        self.server_close()


class Repository:
    def __init__(self, files, commit="1" * 40):
        self.files, self.commit, self.refs = dict(files), commit, {"main"}
        self.extra = []  # entries of the listing as they are
        self.gated = False

    def listing(self):
        siblings = []
        for name, data in self.files.items():
            entry = {"rfilename": name, "size": len(data), "blobId": git_blob_digest(data)}
            if name.endswith(".gguf"):
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 133}
            siblings.append(entry)
        return {"sha": self.commit, "gated": self.gated, "siblings": siblings + self.extra}


class Hub:
    def __init__(self, repositories, certificate=None, cdn_certificate=None):
        self.repositories = repositories
        self.signature = "abc"  # of addresses of large files; says which run a request belongs to
        self.hub = Server(self.answer_hub, certificate)
        self.cdn = Server(self.answer_cdn, cdn_certificate)

    @property
    def url(self):
        return self.hub.url

    def close(self):
        self.hub.close()
        self.cdn.close()

    def data(self, digest):
        for repository in self.repositories.values():
            for data in repository.files.values():
                if hashlib.sha256(data).hexdigest() == digest:
                    return data
        return None

    def answer_hub(self, handler):
        path, _, query = handler.path.partition("?")
        parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        if parts[:2] == ["api", "models"] and len(parts) == 2:
            wanted = urllib.parse.parse_qs(query)
            return handler.reply_json([
                {"id": name, "downloads": 100 - i, "likes": 7, "lastModified": "2025-06-01T00:00:00.000Z"}
                for i, name in enumerate(self.repositories) if wanted["search"][0].lower() in name.lower()
            ][:int(wanted["limit"][0])])
        if parts[:2] == ["api", "models"]:
            repository = self.repositories.get("/".join(parts[2:4]))
            if not repository:
                return handler.reply(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
            if parts[4] != "revision" or parts[5] not in repository.refs | {repository.commit}:
                return handler.reply(404, X_Error_Code="RevisionNotFound", X_Error_Message="Invalid rev id")
            return handler.reply_json(repository.listing())
        repository = self.repositories.get("/".join(parts[:2]))
        name = "/".join(parts[4:])
        if not repository or parts[2] != "resolve" or name not in repository.files:
            return handler.reply(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
        if repository.gated and handler.headers.get("Authorization") != "Bearer secret":
            return handler.reply(401 if "Authorization" not in handler.headers else 403, X_Error_Code="GatedRepo",
                                 X_Error_Message="Access to model is restricted.")
        data = repository.files[name]
        if not name.endswith(".gguf"):
            return handler.reply_bytes(data, f'"{git_blob_digest(data)}"', X_Repo_Commit=repository.commit)
        digest = hashlib.sha256(data).hexdigest()
        return handler.reply(302, Location=f"{self.cdn.url}/{digest}?X-Signature={self.signature}", X_Linked_ETag=f'"{digest}"',
                             X_Linked_Size=str(len(data)), X_Repo_Commit=repository.commit)

    def answer_cdn(self, handler):
        digest = handler.path[1:].partition("?")[0]
        data = self.data(digest)
        if data is None:
            return handler.reply(404)
        return handler.reply_bytes(data, f'"{digest[:32]}"')
