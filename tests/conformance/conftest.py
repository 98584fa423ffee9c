"""The loaders of runtimes/ beside AWS's own runtime clients: the same handlers, the same events, the same bytes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
