"""The sources of deliveries: a local folder, an SFTP server, or an FTP server."""
