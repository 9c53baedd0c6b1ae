-- Whether anything that is in use loses something by the collection. One row.
select exists (select 1 from gc_loss);
