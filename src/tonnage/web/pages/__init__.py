"""The pages: a file each, from a question to what its template needs."""
