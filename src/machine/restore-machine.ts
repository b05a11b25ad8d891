import { assign, fromPromise, setup } from 'xstate';
import { errorKinds } from '../errors/codes.ts';
import { type ErrorData, toErrorData } from '../errors/serialize.ts';
import { type Check, type CheckInput, checks, refusals } from '../steps/checks.ts';
import type { PreflightFacts } from '../steps/facts.ts';
import type { PlanSummary } from '../steps/restore-plan.ts';
import type { StepFacts } from '../steps/step.ts';
import { type Context, type Input, initialContext } from './context.ts';
import type { MachineEvent } from './events.ts';

/** Every phase's effect is a named promise actor, bound from outside (src/run/bind-steps.ts). */
const unbound = <Output, In = Record<string, never>>() =>
  fromPromise<Output, In>(() => Promise.reject(new Error('This phase is not bound to an effect.')));

const refusing = (check: Check) => (_: unknown, input: CheckInput) => check(input) !== null;

/** Params of the check guards: the facts that the preflight just gathered. */
const gathered = ({
  context,
  event,
}: {
  context: Context;
  event: { output: PreflightFacts };
}): CheckInput => ({
  facts: event.output,
  request: context.request,
});

/** What an effect failed with. */
const errorOf = (event: object): ErrorData | null => ('error' in event ? toErrorData(event.error) : null);

const machineSetup = setup({
  types: {
    context: {} as Context,
    input: {} as Input,
    events: {} as MachineEvent,
  },
  actors: {
    preflight: unbound<PreflightFacts, { request: Context['request'] }>(),
    plan: unbound<PlanSummary, { request: Context['request'] }>(),
    stopService: unbound<StepFacts>(),
    prepareTarget: unbound<StepFacts>(),
    restoreBase: unbound<StepFacts>(),
    restoreWal: unbound<StepFacts>(),
    configureRecovery: unbound<StepFacts>(),
    layOut: unbound<StepFacts>(),
    seal: unbound<StepFacts>(),
    recover: unbound<StepFacts>(),
    reachTarget: unbound<StepFacts>(),
    promote: unbound<StepFacts>(),
    prove: unbound<StepFacts>(),
    configureDatabase: unbound<StepFacts>(),
    switchOver: unbound<StepFacts>(),
    startService: unbound<StepFacts>(),
    verify: unbound<StepFacts>(),
    cleanUp: unbound<StepFacts>(),
    tearDown: unbound<StepFacts>(),
  },
  guards: {
    backupIncomplete: refusing(checks.backupIncomplete),
    formatUnknown: refusing(checks.formatUnknown),
    walIncomplete: refusing(checks.walIncomplete),
    targetUnreachable: refusing(checks.targetUnreachable),
    targetRefused: refusing(checks.targetRefused),
    targetHeld: refusing(checks.targetHeld),
    targetNotFree: refusing(checks.targetNotFree),
    tablespaceNotFree: refusing(checks.tablespaceNotFree),
    tablespacesOverlap: refusing(checks.tablespacesOverlap),
    somethingRunsOnTarget: refusing(checks.somethingRunsOnTarget),
    serverMissing: refusing(checks.serverMissing),
    serverMajorDiffers: refusing(checks.serverMajorDiffers),
    parentClosed: refusing(checks.parentClosed),
    spaceTooSmall: refusing(checks.spaceTooSmall),
    stopsFirst: ({ context }) => context.planned?.stopsFirst === true,
    switchesOver: ({ context }) => context.planned?.switchesOver === true,
    /** Another's server shall recover it, which odo neither starts nor asks. */
    onlyPrepares: ({ context }) => context.planned?.preparesOnly === true,
    hasService: ({ context }) => context.planned?.hasService === true,
    /** `odo promote` was asked for, or the plan says so. */
    promotes: ({ context }) =>
      context.promoteAsked ||
      (context.planned?.promote === true &&
        context.planned.atTarget === 'promote' &&
        !context.planned.standby),
    waitsWhenConsistent: ({ context }) => context.planned?.promote === false && !context.promoteAsked,
    followsPrimary: ({ context }) => context.planned?.standby === true,
    isDrill: ({ context }) => context.planned?.drill != null,
    keepsDrill: ({ context }) => context.planned?.drill === 'keep',
    /** A drill has found what it looks for: the backup is bad, and nothing is left to go on with. */
    disproves: ({ context, event }) => {
      const error = errorOf(event);
      return context.planned?.drill != null && error !== null && errorKinds[error.code].disproves;
    },
  },
  actions: {
    recordFailure: assign({ failure: ({ event }) => errorOf(event) }),
    recordDisproof: assign({ disproof: ({ event }) => errorOf(event) }),
    recordRefusals: assign({
      refusals: (_, input: CheckInput) => refusals(input),
      failure: (_, input: CheckInput) => refusals(input)[0] ?? null,
    }),
    recordPlan: assign({ planned: (_, params: { summary: PlanSummary }) => params.summary }),
    recordChange: assign({
      request: ({ context, event }) => (event.type === 'CHANGE' ? event.request : context.request),
      planned: null,
    }),
    agree: assign({ agreed: true }),
    askPromotion: assign({ promoteAsked: true }),
    forgetFailure: assign({ failure: null }),
  },
});

/** One check's guard with the facts of the preflight as its params; refused runs list every refusal. */
const refusedWhen = <Name extends keyof typeof checks>(type: Name) => ({
  guard: { type, params: gathered },
  target: '#odo.refused' as const,
  actions: { type: 'recordRefusals' as const, params: gathered },
});

/** Also of a phase after which nothing can be said about the backup any more. */
const stuck = { target: '#odo.failed' as const, actions: 'recordFailure' as const };
const failed = [
  {
    guard: 'disproves' as const,
    target: '#odo.restoring.tearDown' as const,
    actions: 'recordDisproof' as const,
  },
  stuck,
];

/**
 * A run of odo: states are phases, guards are preliminary checks. Pure: no I/O, no clock. An interruption is
 * not a state, it is the absence of the process; `failed` waits for RESUME and goes back to where it stood.
 */
export const restoreMachine = machineSetup.createMachine({
  id: 'odo',
  context: ({ input }) => initialContext(input.runId, input.request),
  initial: 'preparing',
  states: {
    /** Nothing is touched in here; an interrupted run starts it anew, because the world has moved. */
    preparing: {
      initial: 'preflight',
      states: {
        preflight: {
          invoke: {
            id: 'preflight',
            src: 'preflight',
            input: ({ context }) => ({ request: context.request }),
            onDone: [
              refusedWhen('backupIncomplete'),
              refusedWhen('formatUnknown'),
              refusedWhen('walIncomplete'),
              refusedWhen('targetUnreachable'),
              refusedWhen('targetRefused'),
              refusedWhen('targetHeld'),
              refusedWhen('targetNotFree'),
              refusedWhen('tablespaceNotFree'),
              refusedWhen('tablespacesOverlap'),
              refusedWhen('somethingRunsOnTarget'),
              refusedWhen('serverMissing'),
              refusedWhen('serverMajorDiffers'),
              refusedWhen('parentClosed'),
              refusedWhen('spaceTooSmall'),
              { target: 'plan' },
            ],
            onError: { target: '#odo.refused', actions: 'recordFailure' },
          },
        },
        plan: {
          invoke: {
            id: 'plan',
            src: 'plan',
            input: ({ context }) => ({ request: context.request }),
            onDone: {
              target: 'confirm',
              actions: { type: 'recordPlan', params: ({ event }) => ({ summary: event.output }) },
            },
            onError: { target: '#odo.refused', actions: 'recordFailure' },
          },
        },
        confirm: {
          on: {
            AGREE: { target: '#odo.restoring', actions: 'agree' },
            DECLINE: '#odo.declined',
            CHANGE: { target: 'preflight', actions: 'recordChange' },
          },
        },
      },
    },
    restoring: {
      initial: 'begin',
      states: {
        begin: {
          always: [{ guard: 'stopsFirst', target: 'stopService' }, { target: 'prepareTarget' }],
        },
        stopService: {
          invoke: {
            id: 'stopService',
            src: 'stopService',
            input: {},
            onDone: 'prepareTarget',
            onError: failed,
          },
        },
        prepareTarget: {
          invoke: {
            id: 'prepareTarget',
            src: 'prepareTarget',
            input: {},
            onDone: 'restore',
            onError: failed,
          },
        },
        restore: {
          type: 'parallel',
          states: {
            base: {
              initial: 'restoreBase',
              states: {
                restoreBase: {
                  invoke: {
                    id: 'restoreBase',
                    src: 'restoreBase',
                    input: {},
                    onDone: 'done',
                    onError: failed,
                  },
                },
                done: { type: 'final' },
              },
            },
            wal: {
              initial: 'restoreWal',
              states: {
                restoreWal: {
                  invoke: { id: 'restoreWal', src: 'restoreWal', input: {}, onDone: 'done', onError: failed },
                },
                done: { type: 'final' },
              },
            },
          },
          onDone: [{ guard: 'onlyPrepares', target: 'layOut' }, { target: 'configureRecovery' }],
        },
        configureRecovery: {
          invoke: {
            id: 'configureRecovery',
            src: 'configureRecovery',
            input: {},
            onDone: 'seal',
            onError: failed,
          },
        },
        /** All that a server which odo does not run needs, to recover by itself. */
        layOut: { invoke: { id: 'layOut', src: 'layOut', input: {}, onDone: 'seal', onError: failed } },
        seal: {
          invoke: {
            id: 'seal',
            src: 'seal',
            input: {},
            onDone: [{ guard: 'onlyPrepares', target: 'cleanUp' }, { target: 'recover' }],
            onError: failed,
          },
        },
        recover: {
          invoke: {
            id: 'recover',
            src: 'recover',
            input: {},
            onDone: [
              { guard: 'waitsWhenConsistent', target: 'consistent' },
              { guard: 'promotes', target: 'promote' },
              { target: 'reachTarget' },
            ],
            onError: failed,
          },
        },
        /** Consistent and shut down; the operator wanted to promote later. */
        consistent: { on: { PROMOTE: { target: 'promote', actions: 'askPromotion' } } },
        reachTarget: {
          invoke: {
            id: 'reachTarget',
            src: 'reachTarget',
            input: {},
            onDone: [{ guard: 'followsPrimary', target: 'configureDatabase' }, { target: 'atTarget' }],
            onError: failed,
          },
        },
        /** At the target, shut down or paused and answering queries; not promoted. */
        atTarget: { on: { PROMOTE: { target: 'promote', actions: 'askPromotion' } } },
        promote: {
          invoke: {
            id: 'promote',
            src: 'promote',
            input: {},
            onDone: [{ guard: 'isDrill', target: 'prove' }, { target: 'configureDatabase' }],
            onError: failed,
          },
        },
        prove: {
          invoke: {
            id: 'prove',
            src: 'prove',
            input: {},
            onDone: [{ guard: 'keepsDrill', target: 'kept' }, { target: 'tearDown' }],
            onError: failed,
          },
        },
        /** A drill's database, proved and up, until nobody needs it any more. */
        kept: { on: { ABANDON: 'tearDown' } },
        configureDatabase: {
          invoke: {
            id: 'configureDatabase',
            src: 'configureDatabase',
            input: {},
            onDone: [
              { guard: 'switchesOver', target: 'switchOver' },
              { guard: 'hasService', target: 'startService' },
              { target: 'verify' },
            ],
            onError: failed,
          },
        },
        switchOver: {
          invoke: { id: 'switchOver', src: 'switchOver', input: {}, onDone: 'startService', onError: failed },
        },
        startService: {
          invoke: { id: 'startService', src: 'startService', input: {}, onDone: 'verify', onError: failed },
        },
        verify: { invoke: { id: 'verify', src: 'verify', input: {}, onDone: 'cleanUp', onError: failed } },
        cleanUp: {
          invoke: { id: 'cleanUp', src: 'cleanUp', input: {}, onDone: '#odo.completed', onError: failed },
        },
        /** Removes everything that the run made: at the end of a drill, or of a run that is given up. */
        tearDown: {
          invoke: { id: 'tearDown', src: 'tearDown', input: {}, onDone: '#odo.completed', onError: stuck },
        },
        stood: { type: 'history', history: 'deep' },
      },
    },
    failed: {
      on: {
        RESUME: { target: '#odo.restoring.stood', actions: 'forgetFailure' },
        REPLAY: { target: '#odo.restoring', actions: 'forgetFailure' },
        ABANDON: { target: '#odo.restoring.tearDown', actions: 'forgetFailure' },
      },
    },
    refused: { type: 'final' },
    declined: { type: 'final' },
    completed: { type: 'final' },
  },
});
