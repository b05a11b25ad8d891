import { OdoError } from '../errors/odo-error.ts';
import type { ProofItem } from '../report/run-report.ts';
import type { Login } from '../service/launcher-settings.ts';
import type { ServerProcess } from '../service/server-launcher.ts';
import { withDrillServer } from './drill-server.ts';
import { proveFiles } from './proof/files.ts';
import { provePages } from './proof/pages.ts';
import type { Proof, Proving } from './proof/proof.ts';
import { proofsOf } from './proof/proofs.ts';
import type { Step, StepFacts } from './step.ts';
import { findSuperuser } from './superuser.ts';

/**
 * Starts the drill's database apart from everything and proves it, item by item. What an item finds is its outcome, and
 * the others are proved all the same; only one that could not look fails the step, which then can be resumed.
 */
export const prove: Step = {
  name: 'prove',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const { drill } = plan;
    if (drill == null) throw new OdoError('BUG', 'A restore has nothing to prove.');
    const target = await context.ports.target(plan.target);
    const launcher = await context.ports.launcher(plan.launcher, target);
    const options = { target, launcher, port: drill.port, staysUp: drill.keep };
    return withDrillServer(context, options, async (server, port): Promise<StepFacts> => {
      const superuser = await findSuperuser(server, plan);
      const readyAt = context.ports.now().toISOString();
      context.failpoint('prove:ready');
      const databases = await listDatabases(server, superuser);
      const items = await proveAll({ context, server, superuser, databases });
      context.failpoint('prove:proved');
      const database = databases.includes('postgres') ? 'postgres' : (databases[0] ?? 'postgres');
      const login = { user: superuser, database, port };
      return {
        readyAt,
        databases: databases.length,
        ...counts(items),
        superuser,
        ...(drill.keep ? { look: launcher.psqlCommand(login), connection: connectionOf(login) } : {}),
      };
    });
  },
};

async function proveAll(proving: Proving): Promise<ProofItem[]> {
  const { context } = proving;
  // Looked at before there was a database to ask.
  const items: ProofItem[] = [proveFiles(context), provePages(context)];
  for (const item of items) {
    await context.part(item.id, { title: item.title }, async () => item);
    context.proof(item);
  }
  for (const proof of proofsOf(proving)) {
    const item = await proveOne(proving, proof);
    context.proof(item);
    items.push(item);
  }
  return items;
}

function proveOne(proving: Proving, proof: Proof): Promise<ProofItem> {
  const { part, ports } = proving.context;
  return part(proof.id, { title: proof.title }, async ({ signal }) => {
    const startedMs = ports.now().getTime();
    const result = await proof.run(proving, signal);
    const durationMs = ports.now().getTime() - startedMs;
    return { id: proof.id, title: proof.title, ...result, durationMs };
  });
}

const counts = (items: readonly ProofItem[]): { passed: number; failed: number } => ({
  passed: items.filter(({ outcome }) => outcome === 'passed').length,
  failed: items.filter(({ outcome }) => outcome === 'failed').length,
});

/** Those that a client can connect to; one whose DROP DATABASE was cut short (-2) is none any more. */
async function listDatabases(server: ServerProcess, user: string): Promise<string[]> {
  const answer = await server.query(
    `SELECT coalesce(json_agg(datname ORDER BY datname), '[]') FROM pg_database
     WHERE datallowconn AND NOT datistemplate AND datconnlimit <> -2`,
    { user, database: 'postgres' },
  );
  return JSON.parse(answer) as string[];
}

/** For a client of this host, without a password: that is the role's own in the database. Null: it has no network. */
const connectionOf = ({ user, database, port }: Login): string | null =>
  port == null
    ? null
    : `postgresql://${encodeURIComponent(user)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
