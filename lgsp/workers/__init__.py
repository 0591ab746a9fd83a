"""Several processes that are one bus: what they must agree on, what only one of them does, and who watches over them."""
