"""RemoteMonitor: logs sent to a web server."""

from __future__ import annotations

import json
import warnings
from typing import Any

from headwater.keras.callbacks.base import Callback
from headwater.keras.callbacks.callback_list import numbers


class RemoteMonitor(Callback):
    """Sends the logs of each epoch, as JSON, by HTTP POST.

    Args:
        root: address of the server.
        path: path on it.
        field: name of the form field that holds the JSON.
        headers: headers of the request.
        send_as_json: send the JSON itself, not a form.
    """

    leaves_traces = True

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Send; a server that can't be reached gives a warning."""
        import urllib.error  # slow to load, and every model loads the callbacks
        import urllib.parse
        import urllib.request

        text = json.dumps({"epoch": epoch, **numbers(logs)})
        body = text if self.send_as_json else urllib.parse.urlencode({self.field: text})
        kind = "application/json" if self.send_as_json else "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except (urllib.error.URLError, OSError) as error:
            warnings.warn(f"RemoteMonitor could not reach {self.root}: {error}", stacklevel=2)
