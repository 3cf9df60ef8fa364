"""What a user would run instead of this gateway; a folder holds one of them, configured as its manual says."""
