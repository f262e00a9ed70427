"""What the extension and the service agree on; imports nothing else of the package."""
