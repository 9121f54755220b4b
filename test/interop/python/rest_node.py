"""http.server as a container that echoes: over HTTP/1.0 the end of the connection ends an answer."""

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Echo(BaseHTTPRequestHandler):
    def setup(self):
        super().setup()
        self.protocol_version = self.server.version

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.server.version == "HTTP/1.1":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


flags = argparse.ArgumentParser()
flags.add_argument("--port", type=int)
flags.add_argument("--version", default="HTTP/1.0")
given = flags.parse_args()
server = ThreadingHTTPServer(("127.0.0.1", given.port), Echo)
server.version = given.version
server.serve_forever()
