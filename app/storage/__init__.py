"""Plain functions on a session. None of them commits."""
