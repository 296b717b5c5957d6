"""What touches the world: files, stores, settings, and the use cases."""
