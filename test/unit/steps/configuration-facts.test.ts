import { describe, expect, it } from 'vitest';
import type { PathFacts } from '../../../src/postgres/leftovers/server-view.ts';
import type { ServerInventory } from '../../../src/service/server-inventory.ts';
import { gatherConfiguration } from '../../../src/steps/configuration-facts.ts';
import { planRestore } from '../../../src/steps/plan-restore.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { cloudNative } from '../../lab/source-configurations.ts';
import { openBackupStore } from '../../support/backup-store.ts';
import { healthyContents, healthyFacts, plainRequest } from '../../support/facts.ts';

const image: ServerInventory = {
  version: '17.12',
  user: 'postgres',
  libc: 'glibc 2.41',
  icu: '76',
  locales: ['C', 'POSIX'],
  libraries: ['pg_stat_statements'],
  paths: {},
};
const missing: PathFacts = { kind: 'missing', readable: false, writable: false };

async function gather(
  texts: Readonly<Record<string, string>>,
  change: Partial<typeof plainRequest> = {},
  mounts: readonly string[] = [],
) {
  await using store = await openBackupStore();
  for (const [path, text] of Object.entries(texts)) await store.put(path, text);
  const files = Object.entries(texts).map(([path, text]) => ({ path, sizeBytes: text.length, etag: 'e' }));
  const asked: string[] = [];
  const context = {
    runId: 'r',
    signal: AbortSignal.timeout(30_000),
    ports: {
      inspectServer: async (_: unknown, paths: readonly string[]) => {
        asked.push(...paths);
        return { ...image, paths: Object.fromEntries(paths.map((path) => [path, missing])) };
      },
      now: () => new Date(0),
      cores: () => 2,
    },
  } as unknown as StepContext;
  const volume = (destination: string) =>
    ({ kind: 'volume', source: 's', alias: null, destination }) as const;
  const facts = await gatherConfiguration(
    {
      request: { ...plainRequest, ...change },
      service: { ...healthyFacts.service, mounts: ['/data', ...mounts].map(volume) },
      dataMount: volume('/data'),
      launcher: {
        kind: 'container',
        image: 'postgres:17',
        pgdata: '/data',
        mountPoint: '/data',
        owner: { uid: 999, gid: 999 },
      },
      pgdata: '/data',
    },
    {
      storage: store.storage,
      contents: { ...healthyContents, trees: [{ name: 'data', folder: '', content: 'data', files }] },
    },
    context,
  );
  const plan = await planRestore({ ...healthyFacts, configuration: facts }, plainRequest, context);
  return { ...facts, asked, plan };
}

describe('the plan of a configuration', () => {
  it('says what server runs it, and what of CloudNativePG’s will be edited', async () => {
    const { plan, asked } = await gather({ ...cloudNative, 'postgresql.auto.conf': '' });
    expect(plan.server).toEqual({ version: '17.12', libc: 'glibc 2.41', icu: '76', localeCount: 2 });
    const source = plan.configuration?.source;
    expect(source?.origin).toBe('CloudNativePG');
    expect(source?.settings).toMatchObject({ max_connections: '100', max_worker_processes: '32' });
    expect(source?.missingLibraries).toEqual(['pgaudit']);
    expect(source?.edits.map(({ text }) => text)).toContain(
      "ssl = 'off' in custom.conf: the server cannot read /controller/certificates/server.crt",
    );
    expect(source?.edits.map(({ file }) => file)).toContain('pg_hba.conf');
    expect(asked).toContain('/controller/run');
    expect(plan.warnings.join()).toMatch(/does not have pgaudit/);
    // It goes into the journal.
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(JSON.stringify(plan)).not.toContain('streaming_replica.key');
  });

  it('warns of a locale that the server does not have', async () => {
    const { plan } = await gather({ 'postgresql.conf': "lc_messages = 'de_DE.UTF-8'\nlc_time = 'C'\n" });
    expect(plan.configuration?.source?.missingLocales).toEqual(['de_DE.UTF-8']);
    expect(plan.warnings.join()).toMatch(/locale de_DE.UTF-8/);
  });

  it('asks nobody about what lies in the data directory or on a mount of the service', async () => {
    const texts = { 'postgresql.conf': "ssl = on\nssl_cert_file = '/certs/a.crt'\nssl_key_file = 'b.key'\n" };
    const { asked, plan } = await gather(texts, {}, ['/certs/']);
    expect(asked).toEqual([]);
    expect(plan.configuration?.source?.edits).toEqual([]);
    expect(plan.configuration?.serviceMounts).toEqual(['/certs']);
  });

  it('does not speak of a postgresql.auto.conf that is replaced, nor of includes that it cannot see', async () => {
    const texts = {
      'postgresql.conf': "include 'further-behind.conf'\n",
      'postgresql.auto.conf': 'archive_mode = on\n',
    };
    expect((await gather(texts)).plan.configuration?.source?.edits.map(({ rule }) => rule)).toEqual([
      'archive',
    ]);
    const replaced = await gather(texts, { overrideFile: '/my.conf' });
    expect(replaced.plan.configuration?.source?.edits).toEqual([]);
  });

  it('knows nothing of a configuration that is not in the backup', async () => {
    const { plan } = await gather({ PG_VERSION: '17\n' }, { keepsConfiguration: true });
    expect(plan.configuration).toEqual({ isKept: true, serviceMounts: [], source: null });
  });
});
