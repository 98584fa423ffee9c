#!/usr/bin/env python3
"""run.py CHECK: runs one check of this folder over the repository; prints `file:line: what is wrong` and fails if there is any."""
import importlib
import sys

import source

if __name__ == "__main__":
    findings = list(importlib.import_module(sys.argv[1]).check(source.ROOT))
    for finding in findings:
        print(finding)
    print(f"{sys.argv[1]}: {len(findings)} findings")
    sys.exit(1 if findings else 0)
