import { storedFindings } from '../archive/page-findings.ts';
import { OdoError } from '../errors/odo-error.ts';
import type { ServerLauncher } from '../service/server-launcher.ts';
import type { Tree } from '../target/tree.ts';
import { noChecksums, pagesPart, type StreamedPages, unknownChecksums } from './page-check.ts';
import { type DamagedPage, newTally, type PageTally } from './page-tally.ts';
import { wholeTree } from './planned-trees.ts';
import { readControl } from './read-control.ts';
import { rereadPages } from './reread-pages.ts';
import type { RestorePlan } from './restore-plan.ts';
import { serverPageCheck } from './server-page-check.ts';
import type { StepContext, StepFacts } from './step.ts';

/** What is to be said about the pages of a database that was recovered and shut down; plain JSON. */
export type PageVerdict =
  | { readonly state: 'unchecked'; readonly reason: string }
  | (Readonly<PageTally> & {
      readonly state: 'checked';
      readonly by: 'odo' | 'pg_checksums';
      /** All that were looked at. */
      readonly pages: number;
      /** Those that were wrong while the files streamed; 0 when nobody looked then. */
      readonly suspectPages: number;
      readonly durationMs: number;
    });

export type CheckedPages = Extract<PageVerdict, { state: 'checked' }>;

/**
 * Looks once more at the pages that were wrong while the files streamed, or has pg_checksums look at all. Only when the
 * server was shut down: its replay has replaced what was torn, and everything is in the files. A part of the step, so it
 * is done once. Null: not asked for.
 */
export async function judgePages(
  context: StepContext,
  launcher: ServerLauncher,
): Promise<PageVerdict | null> {
  const { pageChecksums } = context.plan();
  if (pageChecksums === 'off') return null;
  return context.part(pagesPart, null, async () => {
    const startedMs = context.ports.now().getTime();
    const tree = await wholeTree(context);
    const control = await readControl(tree);
    const { dataChecksumVersion } = control;
    if (dataChecksumVersion === 0) return { state: 'unchecked', reason: noChecksums };
    const tally = newTally();
    const done = (by: CheckedPages['by'], pages: number, suspectPages: number): CheckedPages => {
      const durationMs = context.ports.now().getTime() - startedMs;
      return { state: 'checked', by, pages, suspectPages, durationMs, ...tally };
    };
    const streamed = pageChecksums === 'server' ? null : streamedPages(context);
    if (streamed !== null && 'unchecked' in streamed) {
      return { state: 'unchecked', reason: streamed.unchecked };
    }
    const findings = streamed === null ? null : storedFindings(streamed.findings);
    if (findings?.isComplete !== true) {
      const pages = await serverPageCheck(context, launcher, tally, control);
      return done('pg_checksums', pages, findings?.suspectPages ?? 0);
    }
    if (dataChecksumVersion !== 1) {
      return { state: 'unchecked', reason: unknownChecksums(dataChecksumVersion) };
    }
    await rereadPages(findings.suspects, tally, {
      tree,
      serverPath: (path) => serverPathOf(context.plan(), path),
      blocksPerSegment: control.blocksPerSegment,
      signal: context.signal,
    });
    return done('odo', findings.pages, findings.suspectPages);
  });
}

/** Null of a run whose base backup was restored by an odo that kept nothing. */
const streamedPages = (context: StepContext): StreamedPages | null =>
  context.outputOfPart('restoreBase', pagesPart) as StreamedPages | null;

/** Tablespaces are named by their link, wherever they lie. */
function serverPathOf({ tablespaces }: RestorePlan, path: string): string {
  const found = tablespaces.find((one) => path.startsWith(`${one.path}/`));
  return found === undefined ? path : `pg_tblspc/${found.oid}${path.slice(found.path.length)}`;
}

/** `block 17 of base/5/16401` */
export const pageName = ({ path, block }: Pick<DamagedPage, 'path' | 'block'>): string =>
  `block ${block} of ${path}`;

export const mendedPages = ({ suspectPages, damagedPages, mapPages }: CheckedPages): number =>
  Math.max(0, suspectPages - damagedPages - mapPages);

/** Says what became of pages that were wrong in the backup. */
export function tellPages(context: StepContext, verdict: PageVerdict | null): StepFacts {
  if (verdict === null || verdict.state === 'unchecked') return {};
  const { damagedPages, mapPages, suspectPages } = verdict;
  if (mapPages > 0) context.notice('warning', mapsNotice(verdict));
  const mended = mendedPages(verdict);
  if (mended > 0) {
    context.notice(
      'info',
      `${mended} of ${suspectPages} pages that did not match their checksums in the backup were replaced by its WAL.`,
    );
  }
  return { pagesMended: mended, pagesDamaged: damagedPages };
}

/**
 * Ends the run with what it failed with; when the database was promoted by then and has damaged pages, with those: a
 * query fails at a damaged page of a catalog before anybody has looked.
 */
export async function blamePages(
  context: StepContext,
  { tree, launcher }: { readonly tree: Tree; readonly launcher: ServerLauncher },
  error: unknown,
): Promise<never> {
  context.signal.throwIfAborted();
  const judge = async (): Promise<PageVerdict | null> => {
    const { state } = await readControl(tree);
    return state === 'shut down' ? judgePages(context, launcher) : null;
  };
  // When that fails too, what failed first is told.
  requirePages(await judge().catch(() => null), error);
  throw error;
}

/** Ends the run when pages are damaged. `cause`: what it failed with already. */
export function requirePages(verdict: PageVerdict | null, cause?: unknown): void {
  if (verdict === null || verdict.state === 'unchecked') return;
  const { damaged, damagedPages, pages, cutFiles } = verdict;
  const hint =
    'The source had the damage already, or the backup got it. Choose another backup with --backup, or restore without --page-checksums and look at the relation.';
  const [first] = damaged;
  if (first !== undefined) {
    throw new OdoError(
      'VERIFICATION_FAILED',
      `${damagedPages} of ${pages} pages do not match their checksums after recovery, ${pageName(first)} among them.`,
      { hint, details: { damaged, cutFiles }, cause },
    );
  }
  const [cut] = cutFiles;
  if (cut !== undefined) {
    throw new OdoError('VERIFICATION_FAILED', `${cut} ends inside a page, also after recovery.`, {
      hint,
      details: { damaged, cutFiles },
      cause,
    });
  }
}

export const mapsNotice = ({ mapPages, maps: [first] }: CheckedPages): string =>
  `${mapPages} pages of free space or visibility maps do not match their checksums${first === undefined ? '' : `, ${pageName(first)} among them`}; the server makes them anew when it reads them, and nothing is lost.`;

/**
 * Of a standby nothing is final: a server that is shut down in recovery may have put right pages that are not in the files
 * yet, and replays their WAL again when it is started.
 */
export function tellUndecided(context: StepContext, verdict: PageVerdict | null): void {
  if (verdict === null || verdict.state === 'unchecked' || verdict.damagedPages === 0) return;
  const [first] = verdict.damaged;
  context.notice(
    'warning',
    `${verdict.damagedPages} pages do not match their checksums yet${first === undefined ? '' : `, ${pageName(first)} among them`}: the standby may still put them right. Look again with pg_checksums when it was shut down later.`,
  );
}
