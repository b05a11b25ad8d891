import type { Phase } from './run-events.ts';

/** What a person reads. */
export const phaseNames = {
  preflight: 'preflight',
  plan: 'plan',
  confirm: 'confirm',
  stopService: 'stop service',
  prepareTarget: 'prepare target',
  restoreBase: 'restore base',
  restoreWal: 'restore WAL',
  configureRecovery: 'configure recovery',
  layOut: 'lay out',
  seal: 'seal',
  recover: 'recover',
  reachTarget: 'reach target',
  promote: 'promote',
  prove: 'prove',
  configureDatabase: 'configure database',
  switchOver: 'switch over',
  startService: 'start service',
  verify: 'verify',
  cleanUp: 'clean up',
  tearDown: 'tear down',
} as const satisfies Record<Phase, string>;

export const phaseNameWidth = Math.max(...Object.values(phaseNames).map((name) => name.length));
