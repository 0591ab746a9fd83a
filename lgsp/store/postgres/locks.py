"""Advisory locks of the database: one number for each kind of thing that is locked, so that two kinds never meet."""

from __future__ import annotations

MIGRATIONS = 0x1657_0001
"""With 0: who brings the tables up to date."""
NODES = 0x1657_0002
"""With a node's number, held by its session: it is alive."""
WRITERS = 0x1657_0003
"""With a writer's number, held by the session that appends: nobody else writes this chain."""
TAKING = 0x1657_0004
"""With a system's hash, for one transaction: only one node at a time looks for what is due there."""
ORDER = 0x1657_0005
"""With an order key's hash, for one transaction: its submissions are numbered in the order in which they are committed."""
INBOX = 0x1657_0006
"""With a consumer's hash, for one transaction: its items are placed in the order in which they are committed."""
EXCHANGES = 0x1657_0008
"""With 0, for one transaction: one node at a time reads the chains into the index of exchanges."""
