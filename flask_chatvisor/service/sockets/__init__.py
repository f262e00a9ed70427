"""The WebSockets of this process: who is connected, and what each is sent."""
