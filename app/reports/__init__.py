"""A comparison as people read it: Markdown, and a page with its charts inside."""
