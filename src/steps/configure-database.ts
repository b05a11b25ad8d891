import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OdoError } from '../errors/odo-error.ts';
import { filterSettings } from '../postgres/filter-settings.ts';
import { leftoverRecoveryKeys } from '../postgres/recovery-settings.ts';
import type { Tree } from '../target/tree.ts';
import { asideAutoConf } from './layout.ts';
import { requireOverrideFile } from './preflight.ts';
import type { RestorePlan } from './restore-plan.ts';
import type { Step, StepContext } from './step.ts';

/** For clusters whose configuration lies outside the data directory (Debian, Bitnami): without one nothing starts. */
const generatedConf = "# Written by odo: the backup has no postgresql.conf.\nlisten_addresses = '*'\n";
const generatedHba =
  '# Written by odo: the backup has no pg_hba.conf.\nlocal all all peer\nhost all all all scram-sha-256\n';
const generatedHbaInContainer = generatedHba.replace('peer', 'trust');

/**
 * The database's own configuration, before the service starts on it (not after, as a running server reads it
 * only once): the override file, or the backup's postgresql.auto.conf without settings of a past recovery.
 */
export const configureDatabase: Step = {
  name: 'configureDatabase',
  version: 1,
  async run(context) {
    const plan = context.plan();
    const target = await context.ports.target(plan.target);
    const tree = await target.dataTree(context.runId);
    const edits =
      plan.override === null ? await restoreAutoConf(tree) : await replaceAutoConf(tree, plan, context);
    const names = new Set((await tree.list('')).map((entry) => entry.name));
    if (!names.has('postgresql.conf')) {
      await tree.writeFile('postgresql.conf', generatedConf, 0o600);
      edits.push('postgresql.conf written');
    }
    if (!names.has('pg_hba.conf')) {
      const hba = plan.launcher.kind === 'container' ? generatedHbaInContainer : generatedHba;
      await tree.writeFile('pg_hba.conf', hba, 0o600);
      edits.push('pg_hba.conf written');
    }
    if (!names.has('pg_ident.conf')) await tree.writeFile('pg_ident.conf', '', 0o600);
    await tree.remove(asideAutoConf);
    await tree.remove('recovery.signal');
    await tree.own(plan.owner);
    if (plan.sync) await tree.sync();
    return { edits: edits.join('; ') || 'none' };
  },
};

async function restoreAutoConf(tree: Tree): Promise<string[]> {
  const aside = await tree.readFile(asideAutoConf, 16 * 1024 * 1024);
  if (aside === null) return [];
  const { text, removed } = filterSettings(Buffer.from(aside).toString('utf8'), leftoverRecoveryKeys);
  await tree.writeFile('postgresql.auto.conf', text, 0o600);
  return removed.map((setting) => `${setting.name} removed from postgresql.auto.conf`);
}

async function replaceAutoConf(tree: Tree, plan: RestorePlan, context: StepContext): Promise<string[]> {
  if (plan.override === null) throw new OdoError('BUG', 'There is no override file in the plan.');
  const { path, sha256 } = plan.override;
  await requireOverrideFile(path);
  const content = await readFile(path);
  if (createHash('sha256').update(content).digest('hex') !== sha256) {
    context.notice('warning', `${path} changed since the run was planned; its present content is used.`);
  }
  await tree.writeFile('postgresql.auto.conf', content, 0o600);
  return [`postgresql.auto.conf replaced by ${path}`];
}
