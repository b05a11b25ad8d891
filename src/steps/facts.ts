import type { BackupContents } from '../backup/base-backup.ts';
import type { WalReach } from '../backup/prove-wal.ts';
import type { ServiceFacts, ServiceMount } from '../service/service.ts';
import type { TargetFacts, TargetSpec } from '../target/target.ts';
import type { ConfigurationFacts } from './configuration-facts.ts';
import type { KeptPlace } from './kept-places.ts';
import type { ServerLauncherFacts } from './server-facts.ts';
import type { TablespaceFacts } from './tablespace-facts.ts';

/** Everything the preliminary checks look at: plain JSON, gathered without changing anything. */
export interface PreflightFacts {
  readonly gatheredAt: string;
  readonly contents: BackupContents;
  /** Why this backup, for a person. Facts of older journals do not have it. */
  readonly selectedBecause?: string;
  /** Backups that were newer but not usable, and why. */
  readonly passedOver: readonly { readonly id: string; readonly problem: string }[];
  readonly service: ServiceFacts;
  readonly target: TargetFacts;
  readonly targetSpec: TargetSpec;
  /** The service's mount that holds the data directory; null without a service or a mount. */
  readonly dataMount: ServiceMount | null;
  /** PGDATA as the server will see it. */
  readonly pgdata: string;
  readonly launcher: ServerLauncherFacts;
  /** Null without a launcher. Facts of older journals do not have it. */
  readonly configuration?: ConfigurationFacts | null;
  /** Directory above the target that the owner of the database may not enter; null when all are open to it. */
  readonly closedParent: string | null;
  readonly tablespaces: readonly TablespaceFacts[];
  /** Of this host. Facts of older journals do not have it. */
  readonly keptPlaces?: readonly KeptPlace[];
  /**
   * What reading the WAL showed, beside what stands in the contents. Null when it was not read: it lies inside the backup, or
   * something else forbids the restore.
   */
  readonly reach?: Pick<WalReach, 'proof' | 'stop'> | null;
}
