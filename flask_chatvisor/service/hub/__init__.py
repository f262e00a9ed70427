"""The rules, pure: one visit and a message go in, effects come out.

Nothing here does I/O or looks at a clock. :mod:`.hub` has the doors; each feature is a
module that says which messages it takes and what becomes of the visit. What follows for
tabs, windows and the application is worked out once, in :mod:`.showing`.
"""
