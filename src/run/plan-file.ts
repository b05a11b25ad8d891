import { createHash } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode, OdoError } from '../errors/odo-error.ts';
import type { ErrorData } from '../errors/serialize.ts';
import { machineVersion } from '../machine/version.ts';
import { canonicalJson } from '../steps/canonical-json.ts';
import { planDigest } from '../steps/plan-digest.ts';
import type { RestorePlan } from '../steps/restore-plan.ts';
import type { RestoreRequest } from '../steps/restore-request.ts';
import { fsError, systemCode } from '../target/fs-errors.ts';
import { reportMode } from './evidence/evidence-file.ts';
import { odoVersion } from './odo-version.ts';

const formatVersion = 1;

/** What `odo plan --json` prints and `odo plan --out` writes: all that `odo start --plan` needs. No credential is in it. */
export interface PlanDocument {
  readonly type: 'plan';
  readonly formatVersion: number;
  readonly odoVersion: string;
  readonly machineVersion: number;
  /** Where it was made. */
  readonly host: string;
  /** The plan's own; null without a plan. */
  readonly digest: string | null;
  readonly request: RestoreRequest;
  /** Null when a check failed before there was one. */
  readonly plan: RestorePlan | null;
  readonly problems: readonly ErrorData[];
  readonly settings: readonly {
    readonly name: string;
    readonly value: string;
    readonly provenance: string;
  }[];
  readonly exitCode: number;
  /** SHA-256 of all the rest, hexadecimal: that nobody changed the file, not even what is no part of the digest. */
  readonly checksum: string;
}

type Content = Pick<PlanDocument, 'request' | 'plan' | 'problems' | 'settings' | 'exitCode'>;

export function planDocument({ request, plan, problems, settings, exitCode }: Content): PlanDocument {
  const unsigned = {
    type: 'plan' as const,
    formatVersion,
    odoVersion,
    machineVersion,
    host: hostname(),
    digest: plan?.digest ?? null,
    // Agreed to when it is started, not when it is made.
    request: { ...request, confirmed: false },
    plan,
    problems,
    settings,
    exitCode,
  };
  return { ...unsigned, checksum: checksumOf(unsigned) };
}

/** Of the document as it will be read back: what JSON has no word for is not in the file either. */
const checksumOf = (unsigned: Omit<PlanDocument, 'checksum'>): string =>
  createHash('sha256').update(canonicalJson(unsigned)).digest('hex');

/** Never over another file: that one may have been signed. */
export async function writePlanFile(file: string, document: PlanDocument): Promise<void> {
  let created = false;
  try {
    await using handle = await open(file, 'wx', reportMode);
    created = true;
    await handle.writeFile(`${JSON.stringify(document)}\n`);
    await handle.sync();
  } catch (error) {
    if (created) await rm(file, { force: true });
    if (systemCode(error) === 'EEXIST') {
      throw new OdoError('USAGE', `${file} exists already, and a plan is never written over another file.`, {
        hint: 'Choose another name, or remove it yourself.',
        cause: error,
      });
    }
    throw fsError(error, file);
  }
}

const makeAnother = 'Make it again with: odo plan … --out FILE';

const invalid = (file: string, what: string, cause?: unknown): OdoError =>
  new OdoError('PLAN_INVALID', `${file} ${what}.`, {
    hint: makeAnother,
    ...(cause === undefined ? {} : { cause }),
  });

/** A plan that can be executed, as it was written. */
export interface ReadPlan {
  readonly document: PlanDocument;
  readonly plan: RestorePlan;
  readonly digest: string;
}

/**
 * @throws PLAN_INVALID when it is no plan, was changed, or holds failed checks; PLAN_INCOMPATIBLE when another odo made it
 */
export async function readPlanFile(file: string): Promise<ReadPlan> {
  const document = await parsedFile(file);
  if (document.formatVersion !== formatVersion || document.odoVersion !== odoVersion) {
    throw new OdoError(
      'PLAN_INCOMPATIBLE',
      `${file} was made by odo ${document.odoVersion}; this is odo ${odoVersion}, which may do other things with the same plan.`,
      { hint: `Execute it with odo ${document.odoVersion}, or make and approve a new one.` },
    );
  }
  if (document.machineVersion !== machineVersion) {
    throw new OdoError(
      'PLAN_INCOMPATIBLE',
      `${file} was made for version ${document.machineVersion} of the way of a run; this odo has version ${machineVersion}.`,
      { hint: makeAnother },
    );
  }
  const { checksum, ...unsigned } = document;
  if (checksumOf(unsigned) !== checksum)
    throw invalid(file, 'was changed after it was made: its checksum is another');
  const { plan, problems } = document;
  if (plan === null || problems.length > 0) {
    throw invalid(file, `holds no plan to execute: ${problems[0]?.message ?? 'a check failed'}`);
  }
  const digest = planDigest(plan);
  if (digest !== document.digest || digest !== plan.digest)
    throw invalid(file, 'was changed after it was made: its digest is another');
  return { document, plan, digest };
}

async function parsedFile(file: string): Promise<PlanDocument> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) === undefined && error instanceof SyntaxError)
      throw invalid(file, 'is not a plan of odo: it is no JSON, or was cut off', error);
    throw new OdoError('PLAN_INVALID', `The plan ${file} cannot be read.`, {
      hint: 'Check the path and its rights.',
      cause: error,
    });
  }
  if (!isDocument(value)) throw invalid(file, 'is not a plan of odo');
  return value;
}

/** The rest is vouched for by the checksum and the version. */
const isDocument = (value: unknown): value is PlanDocument =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  value.type === 'plan' &&
  'formatVersion' in value &&
  typeof value.formatVersion === 'number' &&
  'odoVersion' in value &&
  typeof value.odoVersion === 'string' &&
  'plan' in value &&
  'problems' in value &&
  Array.isArray(value.problems) &&
  'request' in value;

/**
 * The request whose checks look at the world for exactly this plan: its backup, its timeline and where it stops, whatever
 * newer backups and WAL have come since.
 */
export function requestOf({ document, plan, digest }: ReadPlan, file: string): RestoreRequest {
  const { request } = document;
  const { recovery } = request;
  const stop = plan.recovery?.stop ?? recovery.target;
  return {
    ...request,
    backup: plan.contents.backup.id,
    before: null,
    recovery: { ...recovery, target: stop, timeline: plan.contents.wal?.timeline ?? recovery.timeline },
    signedPlan: { file, digest },
  };
}

/** What a run executes that was started with a plan: the one that its request names, and no other. */
export async function readSignedPlan({
  file,
  digest,
}: NonNullable<RestoreRequest['signedPlan']>): Promise<ReadPlan> {
  const read = await readPlanFile(file);
  if (read.digest === digest) return read;
  throw invalid(file, 'is another plan than the one that the run was started with');
}
