"""``make collection``: a folder, an archive or a bucket of photos, classified and reported."""
