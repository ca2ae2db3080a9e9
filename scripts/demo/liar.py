"""A server in between that passes everything on but flips one bit in the entries. Prints its port, then serves.

    liar.py URL
"""
import http.server
import sys
import urllib.request

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Liar(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = bytearray(opener.open(sys.argv[1] + self.path).read())
        if self.path.startswith("/tile/entries/"):
            body[len(body) // 2] ^= 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.HTTPServer(("127.0.0.1", 0), Liar)
print(server.server_port, flush=True)
server.serve_forever()
