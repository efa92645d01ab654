"""Ways of telling people: a message said to an address."""
