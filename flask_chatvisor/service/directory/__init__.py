"""Active users, as lists and statuses read them.

:class:`.index.Directory` answers from bitmaps of small numbers, one number for each
user, and from sorted lists, so that no request has to look at everybody.
"""

from .index import Directory as Directory
