"""The client of the service's REST API; it does not know Flask."""
