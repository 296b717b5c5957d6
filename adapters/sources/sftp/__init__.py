"""Deliveries from an SFTP server."""
