"""The tag on every page, and on none that must not have it."""
