"""Who may do what, and how often: tokens, tickets, secrets, limits."""
