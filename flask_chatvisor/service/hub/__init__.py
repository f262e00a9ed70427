"""The rules, pure: one visit and a message go in, effects come out.

Nothing here does I/O or reads a clock. :mod:`.hub` has the entry points. Each feature
is a module that handles its messages and changes the visit. What tabs, windows and the
application must learn is computed once, in :mod:`.showing`.
"""
