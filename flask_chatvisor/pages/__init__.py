"""The helpers that pages and macros use."""
