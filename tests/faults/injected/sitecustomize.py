"""What Python imports first where this folder is on its path: makes the processes of a gateway breakable."""

from tests.faults import crash_points, host_clock

crash_points.set_traps()
host_clock.skew()
