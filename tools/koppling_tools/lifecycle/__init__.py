"""What has dates, and when."""
