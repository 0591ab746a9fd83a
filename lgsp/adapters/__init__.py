"""SOAP and REST as pure functions between data and bytes: the same ones for the face, the client and the simulated ministry."""
