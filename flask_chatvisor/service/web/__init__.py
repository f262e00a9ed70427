"""Everything served over HTTP: the REST API and browsers' files."""
