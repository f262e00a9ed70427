"""The application of the tests under gevent: python -m tests.gevent_portal '{…}'

Prints its URL. The argument are its ``CHATVISOR_*`` keys, as JSON.
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402 - what comes now is to find the patched modules
import sys  # noqa: E402

from gevent.pywsgi import WSGIServer  # noqa: E402

from tests.conftest import make_application  # noqa: E402

if __name__ == "__main__":
    app = make_application(**json.loads(sys.argv[1]))[0]
    server = WSGIServer(("127.0.0.1", 0), app, log=None)
    server.start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
