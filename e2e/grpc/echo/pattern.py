"""Messages of the same pattern as in pattern.ts."""

PERIOD = bytes(range(251))


def pattern_of(size):
    return (PERIOD * (size // len(PERIOD) + 1))[:size]


def is_of_pattern(message):
    return message == pattern_of(len(message))
