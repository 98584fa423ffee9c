"""Runs a Lambda function on this machine. What runs is livelambda_runtime.py: Python keeps the bytecode of modules, not that of a
program's first file."""

import livelambda_runtime

if __name__ == "__main__":
    livelambda_runtime.main()
