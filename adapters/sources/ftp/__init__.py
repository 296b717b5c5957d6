"""Deliveries from an FTP server."""
