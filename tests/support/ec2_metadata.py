# EC2's metadata service, version 2, with one role, on a free port of the loopback. Prints its URL.
# ec2_metadata.py [SECONDS]: credentials are new for each who asks, and end so soon; their session
# token is one that tests/rig/kafka/MskTokens.java takes.
import base64
import datetime
import hashlib
import hmac
import http.server
import json
import sys
import time

ROLES = "/latest/meta-data/iam/security-credentials/"
CREDENTIALS = {"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "secret", "Token": "session",
               "Expiration": "2099-01-01T00:00:00Z"}


def credentials():
    if len(sys.argv) < 2:
        return CREDENTIALS
    end = int(time.time() * 1000) + int(float(sys.argv[1]) * 1000)
    text = "until-%d" % end
    secret = CREDENTIALS["SecretAccessKey"].encode()
    signature = base64.b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).decode()
    expiration = datetime.datetime.fromtimestamp(end / 1000, datetime.timezone.utc)
    return dict(CREDENTIALS, Token=text + "-" + signature,
                Expiration=expiration.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


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
            self.answer(200, json.dumps(credentials()))
        else:
            self.answer(404, "")

    def log_message(self, *words):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Metadata)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
