import { exitCodes } from './exit-codes.ts';

export const description =
  'Restores PostgreSQL physical backups (barman-cloud, CloudNativePG, WAL-G, pg_basebackup) from S3 or a directory, and survives being killed while doing so: whatever happens, the run goes on where it stood.';

export const startExamples = `
Examples:
  See what can be restored, then what a restore would do, then do it:
    odo backups -u s3://backups/main
    odo plan    -u s3://backups/main -v pgdata -n db -f compose.yaml
    odo start   -u s3://backups/main -v pgdata -n db -f compose.yaml

  Have a plan agreed to, and execute exactly that one:
    odo plan  -u s3://backups/main -v pgdata -n db -f compose.yaml --out p.json
    odo start --plan p.json

  Keep the old data: restore into a new volume, and switch over at the end:
    odo start -u s3://backups/main -V pgdata-restored -n db -f compose.yaml

  Into a directory of this host, another S3 store, without questions:
    odo start -u s3://backups/main -e https://s3.example.com \\
      --data-dir /srv/pg/data --local --yes
`;

export const drillExamples = `
Examples:
  Beside a Compose service, with its image, into a temporary volume:
    odo drill -u s3://backups/main -n db -f compose.yaml

  With the PostgreSQL of this host, in a directory; fails when it takes longer
  than half an hour, or when the newest commit is older than five minutes:
    odo drill -u s3://backups/main --drill-dir /srv/drills \\
      --max-rto 30m --max-rpo 5m --report drill.html

  Look at yesterday's data, and remove it again:
    odo drill -u s3://backups/main -n db -f compose.yaml \\
      --target-time 'yesterday 18:00' --keep --port auto
    odo abandon RUN-ID
`;

export const backupExamples = `
Examples:
  Of a running Compose service, every night, and keep two weeks:
    odo backup -u s3://backups/main -n db -f compose.yaml --keep-for 14d

  Of a server that is reached over the network, with local client programs:
    PGPASSWORD=… odo backup -u s3://backups/main \\
      --conninfo 'host=db1 user=backup' --keep-last 7
`;

export const environmentHelp = `
Settings:
  Every setting may be a flag, an environment variable (--data-dir is
  ODO_DATA_DIR), a line of .env, or a line of odo.yaml (data-dir: /srv/pg);
  the first of these that has it wins. Credentials come from flags, the
  environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or
  .env, never from odo.yaml. Sizes: 8GiB, 512MB, bytes.
  NO_COLOR=1 prints plain lines; ODO_DEBUG=1 prints the stack of a bug.
`;

export function exitCodesHelp(): string {
  const rows = Object.entries(exitCodes).map(([code, { meaning }]) => `  ${code.padStart(3)}  ${meaning}`);
  return `\nExit codes:\n${rows.join('\n')}\n`;
}
