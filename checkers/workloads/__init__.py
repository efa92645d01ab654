"""What else the strategies can carry, and the bundled local targets they are tried on."""
