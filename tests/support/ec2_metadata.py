# EC2's metadata service, version 2, with one role, on a free port of the loopback. Prints its URL.
import http.server
import json

ROLES = "/latest/meta-data/iam/security-credentials/"
CREDENTIALS = {"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "Token": "session",
               "Expiration": "2099-01-01T00:00:00Z"}


class Metadata(http.server.BaseHTTPRequestHandler):
    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        self.answer(200 if self.path == "/latest/api/token" else 404, "token")

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != "token":
            self.answer(401, "")
        elif self.path == ROLES:
            self.answer(200, "reader")
        elif self.path == ROLES + "reader":
            self.answer(200, json.dumps(CREDENTIALS))
        else:
            self.answer(404, "")

    def log_message(self, *words):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Metadata)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
