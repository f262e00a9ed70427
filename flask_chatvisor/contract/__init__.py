"""The contract of extension and service; imports nothing else of the package."""
