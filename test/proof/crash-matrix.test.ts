import { afterAll, beforeAll, expect, test } from 'vitest';
import { failpoints } from '../../src/run/failpoints.ts';
import { pitrFixture } from '../lab/pitr-fixtures.ts';
import { startS3 } from '../lab/s3-server.ts';
import { type SmallFormat, smallBackups, smallFixture } from '../lab/small-fixtures.ts';
import { type ComposeProject, startComposeProject } from '../support/compose-project.ts';
import {
  type Column,
  killAndResume,
  passesOf,
  type Reference,
  undisturbed,
} from '../support/crash-column.ts';
import {
  asDrill,
  asPrepared,
  asStandby,
  heldAtTarget,
  intoDirectory,
  intoService,
  intoVolume,
  type Matrix,
} from '../support/crash-columns.ts';
import { proofTally, whole } from '../support/proof.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { describeWithLab } from '../support/with-lab.ts';

const proof = proofTally('crash-matrix', 'crash-matrix');

/** What `beforeAll` has opened; closed in the end. */
const open = new AsyncDisposableStack();
const opened = <Resource>(): { set: (resource: Resource) => void; get: () => Resource } => {
  let found: Resource | undefined;
  return {
    set: (resource) => {
      found = resource;
    },
    get: () => found ?? expect.fail('It is not open.'),
  };
};
const matrix = opened<Matrix>();
const pitr = opened<Parameters<typeof heldAtTarget>[1] extends () => infer Pitr ? Pitr : never>();
const inPlace = opened<ComposeProject>();
const switched = opened<ComposeProject>();

const formats = Object.keys(smallBackups) as SmallFormat[];

/** Every place with every format: here each point is tried that they pass. */
const combinations: readonly Column[] = [
  ...formats.map((format) => intoDirectory(matrix.get, format)),
  ...formats.map((format) => intoVolume(matrix.get, format, 'direct')),
  ...formats.map((format) => intoVolume(matrix.get, format, 'engine')),
];

/** Here only those are tried that no combination passes. */
const others: readonly Column[] = [
  intoService(matrix.get, 'barman-cloud', inPlace.get, { newVolume: false, access: 'engine' }),
  intoService(matrix.get, 'pg_basebackup', switched.get, { newVolume: true, access: 'direct' }),
  heldAtTarget(matrix.get, pitr.get),
  asStandby(matrix.get),
  asPrepared(matrix.get),
  asDrill(matrix.get),
];
const columns = [...combinations, ...others];

/** Without a kill; made when it is first needed. */
const references = new Map<Column, Promise<Reference>>();
function referenceOf(column: Column): Promise<Reference> {
  const reference = references.get(column) ?? undisturbed(column);
  references.set(column, reference);
  return reference;
}

/** A point that is passed several times is tried at another of them in each column, from the first to the last. */
function nthOf(column: Column, count: number): number {
  const among = combinations.includes(column) ? combinations : others;
  return 1 + Math.round((among.indexOf(column) / (among.length - 1)) * (count - 1));
}

async function isPassedByCombination(point: string): Promise<boolean> {
  for (const column of combinations) if (passesOf(await referenceOf(column), point) !== null) return true;
  return false;
}

/** A few that end soon, without ODO_PROVE. */
const quick: Readonly<Record<string, readonly string[]>> = {
  'directory, pg_basebackup': [
    'plan:after-effect',
    'archive:saved',
    'seal:global/pg_control',
    'promote:ready',
  ],
  'volume engine, barman-cloud': ['restoreBase:after-completion'],
  'prepared only': ['layOut:written'],
  drill: ['tearDown:discarded'],
};

const isQuick = (point: string, { name }: Column): boolean => quick[name]?.includes(point) === true;
const tried = failpoints.filter((point) => whole || columns.some((column) => isQuick(point, column)));

/** `✓ 3/7`: killed at the third of seven times, resumed, and the same in the end. */
const same = '✓';
const triedElsewhere = '·';
const notPassed = '–';

/** Seen so far, by point and column. */
const marks = new Map<string, string>();
const keyOf = (point: string, column: Column): string => `${point} ${column.name}`;

describeWithLab('SIGKILL at a point, then odo resume', () => {
  beforeAll(async () => {
    const backup = await smallFixture();
    const s3 = open.use(await startS3({ storageDir: backup.storageDir }));
    const { path } = open.use(await temporaryDirectory('odo-matrix-shared-'));
    matrix.set({ backup, s3, cache: `${path}/cache` });
    if (!whole) return;
    const archive = await pitrFixture(15);
    pitr.set({ archive, s3: open.use(await startS3({ storageDir: archive.storageDir })) });
    for (const [which, name] of [[inPlace, 'in-place'] as const, [switched, 'switched'] as const]) {
      which.set(
        open.use(
          await startComposeProject({
            directory: path,
            name: `odo-matrix-${name}-${process.pid}`,
            major: 15,
          }),
        ),
      );
    }
    // Two at a time, as the cells: no cell waits for all of them within its own time.
    const make = async (half: number) => {
      for (const column of columns.filter((_, i) => i % 2 === half)) await referenceOf(column);
    };
    await Promise.all([make(0), make(1)]);
  }, 900_000);
  afterAll(() => open.disposeAsync());

  const tryCell = async (point: string, column: Column): Promise<string> => {
    const reference = await referenceOf(column);
    const passed = passesOf(reference, point);
    if (passed === null) return notPassed;
    if (whole && others.includes(column) && (await isPassedByCombination(point))) return triedElsewhere;
    const { command, count } = passed;
    const nth = nthOf(column, count);
    await proof.case(() => killAndResume(column, reference, { point, command, nth }));
    return count === 1 ? same : `${same} ${nth}/${count}`;
  };

  // A machine with much else to do takes minutes for what a quiet one does in seconds.
  test.concurrent.for(tried)('at %s', { timeout: 900_000 }, async (point) => {
    const chosen = columns.filter((column) => whole || isQuick(point, column));
    for (const column of chosen) marks.set(keyOf(point, column), await tryCell(point, column));
    expect(chosen.some((column) => marks.get(keyOf(point, column))?.startsWith(same))).toBe(true);
  });

  // Without all cells there is nothing to say about all points.
  if (whole)
    test('every point is passed by some run, and a run passes none that is not in the list', async () => {
      const all = await Promise.all(columns.map(referenceOf));
      const passed = new Set(all.flatMap(({ passes }) => passes.flatMap((of) => [...of.keys()])));
      expect([...passed].sort()).toEqual([...failpoints].sort());
      proof.figure('points', failpoints.length);
      proof.figure('ways to restore', columns.length);
      proof.table({
        head: ['', ...columns.map(({ name }) => name)],
        rows: failpoints.map((point) => [
          `\`${point}\``,
          ...columns.map((column) => marks.get(keyOf(point, column)) ?? expect.fail(keyOf(point, column))),
        ]),
      });
    });
});
