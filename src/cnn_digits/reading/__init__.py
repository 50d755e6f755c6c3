"""Numbers on pictures: where there is writing, what it says, how sure that is."""
