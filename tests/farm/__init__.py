"""Servers healthy and sick on 127.0.0.1, and what every strategy and client must say of each."""
