"""`python -m lgsp`: the command line."""

from lgsp.cli.main import main

if __name__ == "__main__":
    main()
