"""Stands where the exporter is: a cloud of toy functions needs no model."""

import sys

print("exported", *sys.argv[1:])
