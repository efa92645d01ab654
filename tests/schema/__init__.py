"""What the service's own description of itself is worth: asked of the service by schemathesis."""
