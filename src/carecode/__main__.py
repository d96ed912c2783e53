"""Start the command line: ``python -m carecode`` or the installed ``carecode``."""

from carecode.cli.main import main

if __name__ == "__main__":
    main()
