"""Code that does input and output: files, stores, settings, and the use cases."""
