"""Places for versions outside the registry of this machine: a folder, a bucket, a web server that is only read."""
