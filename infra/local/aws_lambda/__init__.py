"""Lambda on one machine: execution environments, concurrency, logs and REPORT lines.

Imports run service → concurrency → report → environment → function; the two kinds of environment,
emulator and worker, are known only to ``service``.
"""
