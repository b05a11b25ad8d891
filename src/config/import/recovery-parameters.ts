import { holdsPassword } from '../conninfo-password.ts';
import type { SettingKey } from '../schema.ts';
import { type Imported, type Left, named, type OldEntry, type Taken } from './imported.ts';

/** Parameters that only have another name (manual, "Recovery Target" and "Standby Server Operation"). */
const same: Readonly<Record<string, SettingKey>> = {
  recovery_target_time: 'targetTime',
  recovery_target_lsn: 'targetLsn',
  recovery_target_xid: 'targetXid',
  recovery_target_name: 'targetName',
  recovery_target_timeline: 'targetTimeline',
  recovery_target_action: 'targetAction',
  primary_conninfo: 'primaryConninfo',
  primary_slot_name: 'primarySlot',
};

const feedsItself =
  'odo fetches WAL itself and gives it to the server; say where it lies with url or wal-url';

const without: Readonly<Record<string, string>> = {
  restore_command: feedsItself,
  archive_cleanup_command: 'what a standby no longer needs is for its primary’s archive to remove',
  recovery_end_command: 'odo tells when a restore has ended by its exit code, or with notify',
  recovery_min_apply_delay:
    'odo recovers as fast as it can; set it in postgresql.auto.conf afterwards (override)',
  trigger_file: 'a standby is promoted with pg_promote(), or pg_ctl promote',
  promote_trigger_file: 'a standby is promoted with pg_promote(), or pg_ctl promote',
};

/** A file of PostgreSQL 11 or older, or its lines in postgresql.auto.conf since then. */
export function fromRecoveryParameters(entries: readonly OldEntry[]): Imported {
  const taken: Taken[] = [];
  const secrets: { variable: string; from: string }[] = [];
  const left: Left[] = [];
  for (const entry of entries) {
    if (entry.value === '') continue;
    if (entry.key === 'primary_conninfo' && holdsPassword(entry.value)) {
      secrets.push({ variable: 'ODO_PRIMARY_PASSWORD', from: named(entry) });
      taken.push(withoutPassword(entry));
      continue;
    }
    const one = meant(entry);
    const from = named(entry);
    if (one !== null) taken.push({ ...one, from, comment: [`From ${from}.`] });
    else left.push({ from, why: without[entry.key] ?? 'it says nothing about a recovery' });
  }
  return { kind: 'PostgreSQL', taken: inSource(taken), secrets, left };
}

/** Where the backups lie is in no such file. */
const inSource = (taken: readonly Taken[]): Taken[] => [
  {
    key: 'url',
    value: 's3://BUCKET/PREFIX',
    comment: ['A recovery.conf does not say where the backups lie. Complete the line:'],
    isOff: true,
  },
  ...taken,
];

function meant({ key: name, value }: OldEntry): Pick<Taken, 'key' | 'value'> | null {
  const key = same[name];
  if (key !== undefined) return { key, value };
  if (name === 'recovery_target') return { key: 'targetImmediate', value: value === 'immediate' };
  if (name === 'recovery_target_inclusive') return { key: 'targetInclusive', value: isOn(value) };
  if (name === 'standby_mode') return { key: 'standby', value: isOn(value) };
  return null;
}

const isOn = (value: string): boolean => /^(on|true|yes|1|t|y)$/i.test(value);

const withoutPassword = (entry: OldEntry): Taken => ({
  key: 'primaryConninfo',
  value: 'host=HOST user=USER',
  comment: [`${named(entry)} holds a password, which belongs elsewhere. Write it here without:`],
  isOff: true,
});
