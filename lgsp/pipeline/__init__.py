"""The steps around an exchange, one file each, all of one signature: `async (exchange, handler) -> data`."""
