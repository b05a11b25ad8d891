/** What each exit code means to a script; docs/exit-codes.md and --help come from this table. */
export const exitCodes = {
  0: { meaning: 'done', touched: 'as asked' },
  1: { meaning: 'a bug in odo', touched: 'unknown; a run stays resumable' },
  2: { meaning: 'wrong usage or configuration', touched: 'nothing' },
  3: { meaning: 'the file for --override is missing', touched: 'nothing' },
  4: { meaning: 'a preliminary check failed, or the plan was declined', touched: 'nothing' },
  5: { meaning: 'a step failed', touched: 'resumable: odo resume RUN-ID' },
  6: {
    meaning: 'the restored database did not pass verification, or a drill failed',
    touched: 'resumable: odo resume RUN-ID; what a drill made is removed',
  },
  10: { meaning: 'no such run', touched: 'nothing' },
  11: { meaning: 'another odo works on the run', touched: 'nothing by this odo' },
  12: { meaning: 'access denied by the store or the engine', touched: 'nothing, or resumable' },
  13: {
    meaning: 'bucket, backup or object not found, or no way to the recovery target',
    touched: 'nothing, or resumable',
  },
  14: { meaning: 'not enough space', touched: 'nothing, or resumable' },
  15: { meaning: 'conflict with the target or the service', touched: 'nothing, or resumable' },
  20: { meaning: 'the journal or the plan is from an incompatible odo', touched: 'nothing' },
  130: { meaning: 'interrupted (Ctrl-C)', touched: 'resumable once the plan was agreed' },
  143: { meaning: 'terminated (SIGTERM)', touched: 'resumable once the plan was agreed' },
} as const satisfies Record<number, { meaning: string; touched: string }>;
