"""The doors: each module answers one kind of caller, in that caller's own format, and hands the exchange to the steps."""
