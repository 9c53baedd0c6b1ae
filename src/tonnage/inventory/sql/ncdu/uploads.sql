-- Uploads, open or abandoned. One row per upload.
select repository, upload, size_bytes from upload order by repository, upload;
