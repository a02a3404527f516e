# Print an unsigned JWT that ends in so many seconds: jwt.py SECONDS [SUBJECT]
import base64
import json
import sys
import time


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


now = time.time()
claims = {"sub": sys.argv[2] if len(sys.argv) > 2 else "alice", "iat": int(now), "exp": now + float(sys.argv[1])}
print(part({"alg": "none"}) + "." + part(claims) + ".")
