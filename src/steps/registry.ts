import { cleanUp } from './clean-up.ts';
import { configureDatabase } from './configure-database.ts';
import { configureRecovery } from './configure-recovery.ts';
import { layOut } from './lay-out.ts';
import { prepareTarget } from './prepare-target.ts';
import { promote } from './promote.ts';
import { prove } from './prove.ts';
import { reachTarget } from './reach-target.ts';
import { recover } from './recover.ts';
import { restoreBase } from './restore-base.ts';
import { restoreWal } from './restore-wal.ts';
import { seal } from './seal.ts';
import { startService } from './start-service.ts';
import type { Step } from './step.ts';
import { stopService } from './stop-service.ts';
import { switchOver } from './switch-over.ts';
import { tearDown } from './tear-down.ts';
import { verify } from './verify.ts';

/** Every step that changes something, by phase, in the order of a run. */
export const steps = {
  stopService,
  prepareTarget,
  restoreBase,
  restoreWal,
  configureRecovery,
  layOut,
  seal,
  recover,
  reachTarget,
  promote,
  prove,
  configureDatabase,
  switchOver,
  startService,
  verify,
  cleanUp,
  tearDown,
} as const satisfies Record<string, Step>;
