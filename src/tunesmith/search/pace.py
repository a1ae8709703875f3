"""When the rest of a search will have ended, by how fast its trials have ended so far."""

import time
from collections.abc import Callable


class Pace:
    """Counts down to the end of a search, from the mean time between two trials' ends.

    Args:
        n_trials: How many trials there are in the end.
        done: How many ended before.
        timeout: Seconds after which no further trial is started; None for no limit.
        clock: Returns seconds.

    >>> seconds = iter([0.0, 0.0, 10.0, 12.0])
    >>> pace = Pace(4, done=0, clock=lambda: next(seconds))
    >>> pace.update(0, is_begun=True)
    >>> pace.update(1, is_begun=True)
    >>> pace.left()
    '28 s left'

    """

    def __init__(
        self,
        n_trials: int,
        *,
        done: int,
        timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._n_trials = n_trials
        self._before = self._done = done
        self._clock = clock
        self._begun = self._ended = clock()
        self._deadline = None if timeout is None else self._begun + timeout

    def update(self, done: int, *, is_begun: bool) -> None:
        """Take note of how many trials have ended; workers that still start are not waited for."""
        now = self._clock()
        if done != self._done:
            self._done, self._ended = done, now
        elif not is_begun and done == self._before:
            self._begun = self._ended = now

    def left(self) -> str:
        """Return the time that is left in words, the time limit where that comes first."""
        now = self._clock()
        seconds = self._seconds(now)
        limit = None if self._deadline is None else max(0.0, self._deadline - now)
        if limit is not None and (seconds is None or limit < seconds):
            return f"time limit in {rough(limit)}"
        if seconds is None:
            return "time left unknown"
        return f"{rough(seconds)} left" if seconds > 0 else "the last one takes longer"

    def silent(self) -> float:
        """Return for how many seconds no trial has ended."""
        return self._clock() - self._ended

    def _seconds(self, now: float) -> float | None:
        ended = self._done - self._before
        if ended <= 0:
            return None
        mean, since = (self._ended - self._begun) / ended, now - self._ended
        open_ones = self._n_trials - self._done
        if since <= mean:
            return mean * open_ones - since
        # As if one ended now: it takes longer than the mean.
        return (now - self._begun) / (ended + 1) * (open_ones - 1)


def rough(seconds: float) -> str:
    """Write seconds to one unit or two: "45 s", "12 min", "2 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
