"""One exchange with one library, each."""
