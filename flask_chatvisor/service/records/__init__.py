"""The record of a visit: a visitor with its calls, tickets and times."""
