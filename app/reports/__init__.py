"""What was seen, as people and programs read it: outcomes, comparisons, units."""
