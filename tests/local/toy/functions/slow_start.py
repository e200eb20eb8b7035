import time

time.sleep(1.5)


def handler(_event, _context):
    return "awake"
