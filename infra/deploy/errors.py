"""What ends a command in one line instead of a traceback."""


class DeployFailed(Exception):
    """A step cannot be done; the message is for the terminal."""
