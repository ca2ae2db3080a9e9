"""Whether a series of samples grows, told from noise, saw-teeth and the filling of caches at the beginning.

The samples after the warm-up are cut into blocks, whose medians do not know each other (neighbouring samples do). A straight line through
them grows for certain if even the lower end of its slope's 95 % interval is above what is allowed."""

import statistics

BLOCKS, T_95 = 10, 1.860  # Student's t for BLOCKS - 2 degrees of freedom, one-sided
WARM_UP = 1 / 3  # of the time, in which caches fill


def slope(points):
    """(slope, its standard error) of the least squares through [(x, y)]."""
    mean_x, mean_y = (statistics.fmean(column) for column in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    steep = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - steep * (x - mean_x)) ** 2 for x, y in points)
    return steep, (rest / (len(points) - 2) / spread) ** 0.5


def growth(samples):
    """[(seconds, value)] → (per hour, the least it can be), after the warm-up."""
    end = samples[-1][0]
    late = [one for one in samples if one[0] >= end * WARM_UP]
    size = len(late) / BLOCKS
    blocks = [late[int(i * size) : int((i + 1) * size)] for i in range(BLOCKS)]
    points = [tuple(statistics.median(column) for column in zip(*block)) for block in blocks]
    steep, error = slope(points)
    return 3600 * steep, 3600 * (steep - T_95 * error)
