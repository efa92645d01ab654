"""How many at once: each strategy carries any work, and knows nothing of HTTP."""
