import { OdoError } from '../errors/odo-error.ts';
import { parseLsn } from '../postgres/lsn.ts';
import { type RecoveryTarget, targetText } from '../postgres/recovery-target.ts';
import { isOnPath, type TimelineStretch } from '../postgres/timeline-history.ts';
import { parseMicros } from '../postgres/timestamp.ts';
import { finishedMs, isNewer, newestOf } from './backup-order.ts';
import type { BaseBackup } from './base-backup.ts';
import { findNamed } from './named-backups.ts';
import {
  type BackupChoice,
  type BackupSelection,
  latestWords,
  passedOver,
  selectBackup,
} from './select-backup.ts';
import type { WantedEnd } from './wanted-end.ts';

export interface TargetChoice extends BackupChoice, WantedEnd {
  /** How recovery gets to the timeline that is wanted by its number; null for an archive that does not say. */
  pathTo(backup: BaseBackup): readonly TimelineStretch[] | null;
}

/** Newer ones that end behind the target are counted; so many of them, the nearest, are also named. */
const shownTooLate = 3;

/**
 * The backups from which the target may be reached, the one to take first. There is one only where metadata tell
 * which; otherwise they follow from the newest to the oldest, since only the WAL tells whether the target lies behind a
 * backup's end.
 * @throws BACKUP_NOT_FOUND, CHOICE_NEEDED, BACKUP_INCOMPLETE, FORMAT_UNKNOWN, TARGET_UNREACHABLE
 */
export function backupsForTarget(backups: readonly BaseBackup[], choice: TargetChoice): BackupSelection[] {
  const { target, backup: word } = choice;
  const isLatest = latestWords.includes(word);
  const onTheWay = isLatest ? backups.filter((backup) => mayLeadTo(backup, choice)) : backups;
  if (isLatest && onTheWay.length === 0 && backups.length > 0) throw noneOnTheWay(backups, choice);
  if (target.kind === 'end' || target.kind === 'immediate')
    return [withStrays(narrowed(selectBackup(onTheWay, choice), onTheWay, backups, choice), backups, choice)];
  const ofServer = onTheWay.filter(({ server }) => choice.server === undefined || server === choice.server);
  if (!isLatest) {
    const named = findNamed(ofServer, word);
    const isTimed = target.kind === 'time' || target.kind === 'lsn';
    const servers = new Set(named.matches.map(({ server }) => server));
    const isOne = named.by === 'id' || named.matches.length === 1 || servers.size > 1 || !isTimed;
    const selection = isOne ? selectBackup(backups, choice) : null;
    if (selection !== null) {
      refuseTooLate(selection.backup, target);
      return [selection];
    }
    return fitting(named.matches, choice, ` named ${named.name}`);
  }
  // The same refusals as without a target: several servers, several clusters, none that is complete.
  selectBackup(onTheWay, choice);
  const broken = ofServer.filter(({ status }) => status !== 'complete');
  const limit = target.kind === 'time' ? target.time : (choice.before ?? null);
  return fitting(ofServer, choice, onTheWay.length < backups.length ? wayText(choice) : '').map(
    (selection) => {
      const newerBroken = passedOver(broken, selection.backup, limit);
      return withStrays(
        { ...selection, passedOver: [...newerBroken, ...selection.passedOver] },
        backups,
        choice,
      );
    },
  );
}

const wayText = ({ timeline }: TargetChoice): string => ` on the way to timeline ${timeline}`;

/** Without a target, the reason is that of a choice among those on the way. */
function narrowed(
  selection: BackupSelection,
  onTheWay: readonly BaseBackup[],
  backups: readonly BaseBackup[],
  choice: TargetChoice,
): BackupSelection {
  if (onTheWay.length === backups.length) return selection;
  return { ...selection, because: `${selection.because.replace(/ there$/, '')}${wayText(choice)}` };
}

type PassedOver = BackupSelection['passedOver'];

/** `named`: what a person calls the backups by, with a space in front; empty for all of a server. */
function fitting(
  backups: readonly BaseBackup[],
  { target, before = null }: TargetChoice,
  named: string,
): BackupSelection[] {
  const complete = backups.filter(
    (backup) =>
      backup.status === 'complete' &&
      (before === null || (finishedMs(backup) ?? Number.POSITIVE_INFINITY) < Date.parse(before)),
  );
  const latest = newestOf(complete);
  const others: { id: string; problem: string }[] = [];
  const candidates: BaseBackup[] = [];
  const tooLate: BaseBackup[] = [];
  for (const backup of inOrder(complete)) {
    // Positions and transactions of another cluster are others.
    const isForeign = target.kind !== 'time' && latest !== null && areOfOtherClusters(backup, latest);
    const ends = isForeign ? null : endsBefore(backup, target);
    if (ends === null) {
      others.push({ id: backup.id, problem: isForeign ? foreign(backup) : unknownEnd(target) });
    } else {
      (ends ? candidates : tooLate).push(backup);
    }
  }
  const [first] = candidates;
  if (first === undefined || latest === null) throw noneFits(tooLate, target, named);
  const nearest = tooLate
    .slice(-shownTooLate)
    .map((one) => ({ id: one.id, problem: endsBehind(one, target) }));
  const left = [...others, ...nearest];
  if (target.kind !== 'time' && target.kind !== 'lsn') return walk(candidates, target, left, named);

  const count = candidates.length;
  const which = count === 1 ? 'the only complete backup' : `the newest of ${count} complete backups`;
  const late =
    tooLate.length === 0 ? '' : `; ${tooLate.length} end${tooLate.length === 1 ? 's' : ''} behind it`;
  const cluster = areOfOtherClusters(first, latest)
    ? `; it is ${ofCluster(first)}, which the newest backup is not`
    : '';
  const end = count === 1 ? 'ends' : 'end';
  const because = `${which}${named} that ${end} before ${targetText(target)}${late}${cluster}`;
  const selection = { backup: first, because, passedOver: left };
  if (target.kind === 'lsn') return [selection];
  // By the clock of the server that committed, the target may lie before the end of a backup that another host timed.
  return [selection, ...walk(candidates, target, left, named).slice(1)];
}

/** From the newest to older ones: each is for the case that the target lies before the end of those in front of it. */
function walk(
  candidates: readonly BaseBackup[],
  target: RecoveryTarget,
  left: PassedOver,
  named: string,
): BackupSelection[] {
  const own = target.kind === 'name' ? /^barman_(.+)$/.exec(target.name)?.[1] : undefined;
  const ofPoint = candidates.find(({ id }) => id === own);
  const order =
    ofPoint === undefined ? candidates : [ofPoint, ...candidates.filter((one) => one !== ofPoint)];
  const count = `${candidates.length} complete backup${candidates.length === 1 ? '' : 's'}${named}`;
  return order.map((backup, index) => {
    const tried = order.slice(0, index);
    const which = candidates.length === 1 ? `the only complete backup${named}` : `the newest of ${count}`;
    return {
      backup,
      because:
        backup === ofPoint
          ? `the one at whose end barman made ${targetText(target)}`
          : `${which}${tried.length === 0 ? '' : ` that ends before ${targetText(target)}`}`,
      passedOver: [
        ...left,
        ...tried.map(({ id }) => ({ id, problem: `It does not end before ${targetText(target)}.` })),
      ],
    };
  });
}

/** Newest first. Repeatedly the newest: the order of several timelines is none that a sort can rely on. */
function inOrder(backups: readonly BaseBackup[]): BaseBackup[] {
  const sorted: BaseBackup[] = [];
  for (const backup of backups) {
    const at = sorted.findIndex((other) => isNewer(backup, other));
    sorted.splice(at === -1 ? sorted.length : at, 0, backup);
  }
  return sorted;
}

/** Null when nothing records where it ended. A transaction or restore point may be behind any. */
function endsBefore({ endLsn, finishedAt }: BaseBackup, target: RecoveryTarget): boolean | null {
  if (target.kind === 'lsn') return endLsn === null ? null : parseLsn(endLsn) <= parseLsn(target.lsn);
  if (target.kind !== 'time') return true;
  const [finished, wanted] = [parseMicros(finishedAt ?? ''), parseMicros(target.time)];
  return finished === null || wanted === null ? null : finished <= wanted;
}

/** Whether it is on the way to a timeline that is wanted by its number. */
function mayLeadTo(backup: BaseBackup, { timeline, pathTo }: TargetChoice): boolean {
  if (typeof timeline !== 'number') return true;
  const { endLsn } = backup;
  const own = backup.endTimeline ?? backup.timeline;
  if (own === null || own === timeline) return true;
  const path = pathTo(backup);
  if (path === null) return false;
  return endLsn === null ? path.some((one) => one.timeline === own) : isOnPath(path, own, parseLsn(endLsn));
}

/** Says which newer ones are not on the way to the timeline. */
function withStrays(
  selection: BackupSelection,
  backups: readonly BaseBackup[],
  choice: TargetChoice,
): BackupSelection {
  const strays = backups.filter(
    (backup) =>
      backup.status === 'complete' && !mayLeadTo(backup, choice) && isNewer(backup, selection.backup),
  );
  const passedOver = strays.map(({ id, timeline, endLsn }) => ({
    id,
    problem: `It is of timeline ${timeline}, ends at ${endLsn} and is not on the way to timeline ${choice.timeline}.`,
  }));
  return { ...selection, passedOver: [...selection.passedOver, ...passedOver] };
}

const areOfOtherClusters = (a: BaseBackup, b: BaseBackup): boolean =>
  a.systemIdentifier !== null && b.systemIdentifier !== null && a.systemIdentifier !== b.systemIdentifier;

const ofCluster = ({ systemIdentifier }: BaseBackup): string => `of the cluster ${systemIdentifier}`;

const foreign = (backup: BaseBackup): string =>
  `It is ${ofCluster(backup)}, another one than the newest backup’s.`;

const unknownEnd = (target: RecoveryTarget): string =>
  target.kind === 'lsn'
    ? 'It does not record at which position it ended.'
    : 'It does not record when it finished.';

const endsBehind = ({ endLsn, finishedAt }: BaseBackup, target: RecoveryTarget): string =>
  `It ended at ${target.kind === 'lsn' ? endLsn : finishedAt}, behind the target.`;

/** When a pg_basebackup finished is only known from when it was stored, which may be much later. */
function refuseTooLate(backup: BaseBackup, target: RecoveryTarget): void {
  const isVague = backup.format === 'pg-basebackup' && target.kind === 'time';
  if (isVague || endsBefore(backup, target) !== false) return;
  throw new OdoError(
    'TARGET_UNREACHABLE',
    `Backup ${backup.id} ended at ${target.kind === 'lsn' ? backup.endLsn : backup.finishedAt}, behind ${targetText(target)}, and recovery cannot stop before a backup’s end.`,
    {
      hint: 'Leave out --backup: odo takes the newest that ends before the target. Or choose a later target.',
      details: { target, id: backup.id, finishedAt: backup.finishedAt, endLsn: backup.endLsn },
    },
  );
}

/** What comes nearest is the end of the oldest backup; a zone that is off by hours is a usual reason. */
function noneFits(tooLate: readonly BaseBackup[], target: RecoveryTarget, named: string): OdoError {
  const oldest = tooLate.at(-1);
  const wanted = targetText(target);
  return new OdoError('TARGET_UNREACHABLE', `No complete backup${named} is known to end before ${wanted}.`, {
    hint:
      oldest === undefined
        ? 'None of them records where it ended. Name one by its id with --backup: odo backups'
        : `The oldest is ${oldest.id}, which ended at ${oldest.finishedAt ?? 'an unknown time'}, LSN ${oldest.endLsn ?? 'unknown'}: nothing before that can be reached. The windows that can: odo backups`,
    details: {
      target,
      nearest:
        oldest === undefined ? null : { id: oldest.id, finishedAt: oldest.finishedAt, endLsn: oldest.endLsn },
    },
  });
}

function noneOnTheWay(backups: readonly BaseBackup[], { timeline }: TargetChoice): OdoError {
  const timelines = [...new Set(backups.flatMap((backup) => backup.timeline ?? []))].sort((a, b) => a - b);
  return new OdoError('TARGET_UNREACHABLE', `No backup is on the way to timeline ${timeline}.`, {
    hint: `There are backups of timeline ${timelines.join(', ')}; a timeline is reached from its own backups, and from those of its ancestors that ended before the fork. odo backups shows the windows.`,
    details: { timeline, timelines },
  });
}
