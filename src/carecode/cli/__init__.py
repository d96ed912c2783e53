"""cli: the commands; each has --help, --json and --data, and ends with 0, 1 or 2."""
