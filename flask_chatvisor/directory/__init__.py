"""Active users as the server sees them."""

from .directory import Directory as Directory
from .directory import Listing as Listing
from .directory import Statuses as Statuses
