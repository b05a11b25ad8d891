import type { TakeEvent } from '../src/take/take-events.ts';

/** A backup of a small database, and the one that went for it. */
export const sampleTakeEvents: readonly TakeEvent[] = [
  {
    at: '2026-11-28T09:15:00.412Z',
    type: 'begun',
    id: '20261128T091500Z',
    address: 's3://backups/main/20261128T091500Z/',
    server: 'Compose service db',
    serverVersion: '17.6',
    systemIdentifier: '7577000112233445566',
  },
  {
    at: '2026-11-28T09:15:02.000Z',
    type: 'progress',
    done: 268435456,
    total: 1073741824,
    stored: 67108864,
  },
  {
    at: '2026-11-28T09:15:09.731Z',
    type: 'completed',
    durationMs: 9319,
    backup: {
      formatVersion: 1,
      id: '20261128T091500Z',
      labels: { release: '2.4' },
      serverVersion: '17.6',
      serverVersionNumber: 170006,
      systemIdentifier: '7577000112233445566',
      timeline: 1,
      startLsn: '0/4000028',
      stopLsn: '0/5000120',
      tarBytes: 1107296256,
      compression: 'zstd',
      objects: [
        { name: 'base.tar.zst', sizeBytes: 276824064, sha256: '3b'.repeat(32) },
        { name: 'backup_manifest', sizeBytes: 181402, sha256: '7c'.repeat(32) },
      ],
      startedAt: '2026-11-28T09:15:00.412Z',
      finishedAt: '2026-11-28T09:15:09.702Z',
      odoVersion: '0.1.0',
    },
  },
  {
    at: '2026-11-28T09:15:10.020Z',
    type: 'removed',
    id: '20261114T091500Z',
    reason: 'retention',
    finishedAt: '2026-11-14T09:15:08.911Z',
  },
];
