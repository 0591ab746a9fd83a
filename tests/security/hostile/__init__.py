"""Everything that a caller or a ministry could send to hurt: generators, a gateway as a process, and a backend that lies."""
