"""``flask chatvisor``: check, users, serve."""
