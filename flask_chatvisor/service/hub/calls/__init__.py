"""Calls: one module for each kind of event."""
