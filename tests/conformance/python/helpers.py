def deeper(n):
    return deeper(n - 1) if n else {}["none"]
