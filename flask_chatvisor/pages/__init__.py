"""What templates use: the helpers behind pages and macros."""
