"""Permissions and limits: tokens, tickets, secrets, rates."""
