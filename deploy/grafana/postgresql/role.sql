-- Two roles, made once, before the first export: `tonnage` exports, `grafana` reads what it made, and nothing else.
-- Their passwords come from the environment:
--   TONNAGE_PASSWORD=… READER_PASSWORD=… psql registries --username postgres --file deploy/grafana/postgresql/role.sql
\set ON_ERROR_STOP on
\getenv tonnage_password TONNAGE_PASSWORD
\getenv reader_password READER_PASSWORD
create role tonnage login password :'tonnage_password';
grant create on database :"DBNAME" to tonnage;
create role grafana login password :'reader_password';
alter role grafana set default_transaction_read_only = on;
alter role grafana set statement_timeout = '60s';
-- As tonnage itself asks: questions of this kind are answered faster so.
alter role grafana set jit = off;
alter role grafana set enable_material = off;
alter role grafana set work_mem = '64MB';
-- What every export makes can be read from its first moment, new registries and new views too.
alter default privileges for role tonnage grant usage on schemas to grafana;
alter default privileges for role tonnage grant select on tables to grafana;
