"""The client of the service's REST API; knows nothing of Flask."""

from __future__ import annotations

from .client import Client as Client
from .models import ActiveUser as ActiveUser
from .models import CallAgent as CallAgent
from .models import InCall as InCall
from .models import Location as Location
from .models import UserPage as UserPage
from .models import UserToken as UserToken
from .transport import Transport as Transport
