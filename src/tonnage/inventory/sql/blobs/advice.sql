-- What to do about a blob with other bytes than its digest says. One row.
select advice from problem_kind where kind = 'digest_mismatch';
