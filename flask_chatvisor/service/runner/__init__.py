"""Runs the hub: loads a visit, has it handled, commits, and delivers the effects."""
