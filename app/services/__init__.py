"""One use case a function: each begins its transaction and calls what decides, stores and runs."""
