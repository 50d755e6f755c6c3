"""How a network is trained: `loop.train` is where to begin."""
