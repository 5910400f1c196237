import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from answer import answer


class Handler(BaseHTTPRequestHandler):
    # Seconds that a request may take to come in.
    timeout = 5

    def do_GET(self):
        status, content_type, body = answer(self.path)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Says nothing: micro server has an access log."""


class Server(ThreadingHTTPServer):
    # Calls in flight are answered before the process ends.
    daemon_threads = False


def main():
    port = int(os.environ.get("PORT", "3000"))
    with Server(("127.0.0.1", port), Handler) as server:
        # shutdown() waits for serve_forever(), which runs in this thread.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        print(f"listening on port {port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
