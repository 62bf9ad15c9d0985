// The tables of this package,
// in a schema of their own beside that of the queue (pgboss).

/**
 * Several processes may begin at once: the lock is held until the end of the transaction. `json` keeps the order of fields,
 * which pictures carry in their provenance; `jsonb` does not.
 */
export const tables = `
  select pg_advisory_xact_lock(740161002);
  create schema if not exists proteoscope;
  create table if not exists proteoscope.worker (
    id uuid primary key,
    job uuid,
    seen timestamptz not null default now()
  );
  create table if not exists proteoscope.screen (
    id uuid primary key,
    request json not null,
    created timestamptz not null default now()
  );
  create table if not exists proteoscope.screen_result (
    screen uuid not null references proteoscope.screen on delete cascade,
    place integer not null,
    result json not null,
    png bytea,
    protein bytea,
    primary key (screen, place)
  );
  create table if not exists proteoscope.job (
    id uuid primary key,
    number integer generated always as identity,
    queue text not null,
    kind text not null,
    label text not null,
    request json not null,
    inputs json,
    command text,
    key text unique,
    digest text not null,
    state text not null default 'queued',
    version integer not null default 1,
    attempts integer not null default 0,
    run uuid,
    progress json,
    preview json,
    thumbnail text,
    error json,
    result json,
    created timestamptz not null default clock_timestamp(),
    started timestamptz,
    finished timestamptz
  );
  create index if not exists job_number on proteoscope.job (number);
  create index if not exists job_waiting on proteoscope.job (queue, number) where state = 'queued';
`;
