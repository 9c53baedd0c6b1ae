-- What access times of files are worth, and which logs were read. One row per source.
select source, state from use_source order by source <> 'access times', source;
