"""What is remembered: a visitor with its calls, tickets and times, as one record."""
