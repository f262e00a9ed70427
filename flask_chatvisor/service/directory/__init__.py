"""Active users, for lists and statuses.

:class:`.index.Directory` uses bitmaps of small numbers, one number for each user, and
sorted lists, so that no request has to look at all users.
"""

from .index import Directory as Directory
