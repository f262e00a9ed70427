"""The WebSockets of this process: connections and their messages."""
