"""The tag on every page that may have it."""
