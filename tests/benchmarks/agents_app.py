"""The application of the benchmark ``list``, in a process of its own."""

from __future__ import annotations

import os
import signal

from werkzeug.serving import WSGIRequestHandler
from werkzeug.serving import make_server

from ..conftest import make_application


class _Quiet(WSGIRequestHandler):
    def log_request(self, *args: object) -> None:
        pass


def main() -> None:
    """Serve at ``PORT``, with the service at ``SERVICE``, until it is ended.

    With ``POLICY`` the list goes through a policy which lets everybody see everybody.
    """
    service = os.environ["SERVICE"]
    app, chatvisor = make_application(
        SCRIPT_URL=f"{service}/cdn/js/x.js",
        API_URL=service,
        API_TOKEN=os.environ["API_TOKEN"],
        IDENTITY_KEY=os.environ["IDENTITY_KEY"],
    )
    if os.environ["POLICY"]:
        chatvisor.policy(lambda agent, user: "premium" in user.labels)
    app.add_url_rule("/health", "health", lambda: "well")
    port = int(os.environ["PORT"])
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
