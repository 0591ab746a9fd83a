"""The standard tests, run for every built-in system."""

from lgsp.standard import *  # noqa: F403  the tests are the module's whole content
