"""`python -m emlc` is the command line."""

from emlc.child import bounded
from emlc.cli import main

if __name__ == "__main__":
    bounded()
    main()
