"""What is served over HTTP: the REST API, and what browsers load."""
