"""What is read on a line, in the order in which the network answers."""

DIGITS = "0123456789"
SEPARATORS = ".,-/$€£"

# The network's answers from 1 on.
SYMBOLS = DIGITS + SEPARATORS

# Its answer where none of them stands.
BLANK = 0
