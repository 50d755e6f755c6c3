"""Numbers on pictures: the lines of writing on them, and what is written there."""
