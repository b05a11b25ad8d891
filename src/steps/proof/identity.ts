import { formatBytes } from '../units.ts';
import { failed, findingOfQuery, isSome, passed } from './outcome.ts';
import type { Proof } from './proof.ts';

interface Answer {
  readonly systemIdentifier: string;
  readonly version: string;
  readonly checksums: string;
  readonly tablespaces: readonly { readonly name: string; readonly bytes: number | null }[];
}

/** The size of a tablespace whose directory is gone is null; the server starts without it. */
const question = `SELECT json_build_object(
  'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
  'version', current_setting('server_version'), 'checksums', current_setting('data_checksums'),
  'tablespaces', (SELECT json_agg(json_build_object('name', spcname, 'bytes', pg_tablespace_size(oid)) ORDER BY oid)
    FROM pg_tablespace))`;

export const identity: Proof = {
  id: 'identity',
  title: 'The database is the one that was backed up',
  async run(proving) {
    const { context, server, superuser, databases } = proving;
    const answer = await server
      .query(question, { user: superuser, database: 'postgres' })
      .then((text) => JSON.parse(text) as Answer)
      .catch((error) => findingOfQuery(proving, error));
    if (typeof answer === 'string') return failed([answer]);
    const { systemIdentifier, version, checksums, tablespaces } = answer;
    const expected = context.plan().contents.backup.systemIdentifier;
    const findings = [
      ...(expected === null || expected === systemIdentifier
        ? []
        : [`The database has the system identifier ${systemIdentifier}, and the backup is of ${expected}.`]),
      ...tablespaces
        .filter(({ bytes }) => bytes === null)
        .map(({ name }) => `The files of the tablespace ${name} are not there.`),
    ];
    if (isSome(findings)) return failed(findings);
    const bytes = tablespaces.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
    return passed(`System identifier ${systemIdentifier}, PostgreSQL ${version}, ${formatBytes(bytes)}.`, [
      `databases: ${databases.join(', ') || 'none'}`,
      ...tablespaces.map((one) => `tablespace ${one.name}: ${formatBytes(one.bytes ?? 0)}`),
      `page checksums: ${checksums}`,
      ...(expected === null ? ['the backup does not say which system identifier it has'] : []),
    ]);
  },
};
