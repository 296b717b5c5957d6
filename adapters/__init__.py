"""What touches the world: files, stores, settings, and the shell around the pure core."""
