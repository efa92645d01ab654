"""JSON over HTTP: untrusted text in, problems and plain values out."""
