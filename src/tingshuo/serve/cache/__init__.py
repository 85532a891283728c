"""What is kept so that it need not be made again: what an order is known by, folders, Redis, and who makes it."""
