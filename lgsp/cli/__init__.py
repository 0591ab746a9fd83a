"""The command line: one small file per group of commands. Each imports only click at once and the bus when it runs."""
