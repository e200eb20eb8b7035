"""What goes wrong with the stand-in."""


class StandInFailed(Exception):
    """AWS's stand-in cannot be had, or refused a request; the message is for the terminal."""
