"""What the end-to-end tests drive: the real binaries as processes, and applications made for one test."""
