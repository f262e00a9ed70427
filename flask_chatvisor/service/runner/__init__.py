"""Runs the hub: loads a visit, handles an event, commits, and delivers the effects."""
