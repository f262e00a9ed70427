"""The client of the service's REST API; knows nothing of Flask."""
