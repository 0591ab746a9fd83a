"""SOAP and REST as pure functions between data and bytes, the same for face, client and simulated ministry."""
