"""What `make bench` runs: claims of speed and cost, measured side by side."""
