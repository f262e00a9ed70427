"""Attacks on a running service, each beside a customer who must not notice.

``python -m tests.attacks`` runs them for longer than the tests do.
"""
