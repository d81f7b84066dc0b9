"""Stop strings in a stream: text is held back while it could still become one."""

from collections.abc import Iterable, Iterator, Sequence


class StopFilter:
    """Passes text on up to the first stop string, however the text is cut into pieces.

    Args:
        stops: the strings; the text ends before the one that is complete first (the longest, if
            several end together).
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self.stopped = False

    def pass_on(self, pieces: Iterable[str]) -> Iterator[str]:
        """Yield the pieces without any part of a stop string, and end at the first one.

        One piece for each that comes in, possibly empty, and one at the end.
        """
        held = ""
        for piece in pieces:
            held += piece
            at = self._first_stop(held)
            if at is not None:
                self.stopped = True
                yield held[:at]
                return
            safe = len(held) - self._undecided(held)
            yield held[:safe]
            held = held[safe:]
        yield held

    def _first_stop(self, text: str) -> int | None:
        """Return where the stop string that ends first in a text begins."""
        starts = [(text.find(stop), stop) for stop in self._stops]
        ends = [(at + len(stop), at) for at, stop in starts if at >= 0]
        return min(ends)[1] if ends else None

    def _undecided(self, text: str) -> int:
        """Return how many characters at the end could be the beginning of a stop string."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:length]):
                    longest = length
                    break
        return longest
