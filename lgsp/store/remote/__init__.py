"""The shared records over the owner's socket: what workers have instead of a database of their own."""

from lgsp.store.remote.owner import Owner
from lgsp.store.remote.worker import Line, RemoteStore, open_remote

__all__ = ["Line", "Owner", "RemoteStore", "open_remote"]
