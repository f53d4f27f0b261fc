"""Why the warehouse cannot be used, whichever home it has."""

from __future__ import annotations


class WarehouseError(Exception):
    """The warehouse cannot be used; the message names the file and what to do."""


class WarehouseBusyError(WarehouseError):
    """Another process holds the warehouse; the message names it."""


class NewerWarehouseError(WarehouseError):
    """A newer Pantau has been at the warehouse; this one leaves it as it is."""


class WarehouseConflictError(WarehouseError):
    """Others changed the same tables meanwhile; nothing of this transaction was kept."""
